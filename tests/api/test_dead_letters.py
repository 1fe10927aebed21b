"""Dead letters over HTTP: read by many, changed by few."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from redis.asyncio import Redis

from riskengine.api import letter_described as described
from riskengine.api import routes
from riskengine.domain import ids
from riskengine.storage import api_keys, dead_letters
from riskengine.streaming import messages
from riskengine.streaming.streams import STREAM
from tests import factories, lettered
from tests.api.conftest import Api, client_of
from tests.api.test_door import assert_problem
from tests.lettered import dead, status, unreadable

LETTERS = "/api/v1/dead-letters"
REPLAY, DISCARD, CAUSES = f"{LETTERS}/replay", f"{LETTERS}/discard", f"{LETTERS}/causes"


@pytest.fixture
async def reader(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose key may read and send, and no more."""
    key = await api_keys.create(api.database, "shop", ("ingest", "read", "rules"))
    async with client_of(api.port, key) as client:
        yield client


def found(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [letter["letter_id"] for letter in answer.json()["letters"]]


def paths(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [fault["path"] for fault in answer.json()["errors"]]


def texts(letters: list[UUID]) -> list[str]:
    """Letters as a page shows them: newest first."""
    return [str(letter) for letter in letters[::-1]]


async def test_letters_are_paged_and_filtered(api: Api, reader: httpx.AsyncClient) -> None:
    # Given letters of two accounts and causes
    alice = await dead(api.database, 5, "alice", ValueError("a"))
    bob = await dead(api.database, 1, "bob", KeyError("b"))
    letter = await dead_letters.get(api.database, bob[0])
    assert letter is not None
    await api.client.post(DISCARD, json={"letter_ids": [str(alice[0])], "note": "a test"})
    everything = sorted([*alice, *bob])
    # When they are read page by page
    pages, cursor = [], None
    while cursor is not None or not pages:
        answer = await reader.get(LETTERS, params={"limit": 4} | ({"cursor": cursor} if cursor else {}))
        pages.append(found(answer))
        cursor = answer.json()["next_cursor"]
    # Then each is there once, newest first
    assert pages == [texts(everything)[:4], texts(everything)[4:]]
    # And each filter finds its own
    for query, expected in (
        ({"fingerprint": letter.fingerprint}, bob),
        ({"error_class": "ValueError"}, alice),
        ({"account_id": "alice", "status": "open"}, alice[1:]),
        ({"status": "discarded"}, alice[:1]),
        ({"status": "decided"}, []),
        ({"from": "2020-01-01T00:00:00Z"}, everything),
        ({"to": "2020-01-01T00:00:00Z"}, []),
    ):
        assert found(await reader.get(LETTERS, params=query)) == texts(expected), query


async def test_one_letter_is_shown_with_all_that_is_known(api: Api, reader: httpx.AsyncClient) -> None:
    # Given a letter on a transaction and one on a message
    (letter_id,) = await dead(api.database, 1, error=ValueError("a"))
    (message,) = await unreadable(api.database, [lettered.RUBBISH])
    # When they are read alone
    one = (await reader.get(f"{LETTERS}/{letter_id}")).json()
    other = (await reader.get(f"{LETTERS}/{message}")).json()
    # Then each has the form that is documented, and the message is there as it came
    for shown in (one, other):
        assert shown.keys() == described.WHOLE_LETTER.keys()
        assert shown["letter"].keys() == described.LETTER.keys()
    assert (one["letter"]["account_id"], one["letter"]["error"], one["body"]) == ("alice", "a", None)
    assert (one["versions"], one["worker"]) == (lettered.ORIGIN.versions, "worker-1")
    assert (other["letter"]["transaction_id"], other["body"]) == (None, b64encode(lettered.RUBBISH).decode())
    # And a page has neither bodies nor stacks
    (first, _) = (await reader.get(LETTERS)).json()["letters"]
    assert not {"body", "stack"} & first.keys()
    # And what is not there is not found
    assert_problem(await reader.get(f"{LETTERS}/{ids.new()}"), 404)
    assert_problem(await reader.get(f"{LETTERS}/nothing"), 404)


async def test_causes_are_counted(api: Api, reader: httpx.AsyncClient) -> None:
    assert (await reader.get(CAUSES)).json() == {"causes": []}
    await dead(api.database, 3, error=ValueError("one"))
    await dead(api.database, 1, "bob", KeyError("two"))
    newest, oldest = (await reader.get(CAUSES)).json()["causes"]
    assert newest.keys() == described.CAUSES["causes"][0].keys()
    assert (newest["letters"], newest["error_class"]) == (1, "KeyError")
    assert (oldest["letters"], oldest["open"], oldest["error"]) == (3, 3, "one")
    assert (await reader.get(CAUSES, params={"error_class": "KeyError"})).json() == {"causes": [newest]}


async def test_letters_are_replayed_once_by_the_key_that_asked(api: Api, redis: Redis) -> None:
    # Given letters on transactions, a message that can be read by now, and one that cannot
    made = await dead(api.database, 3)
    body = messages.encode(factories.transaction())
    await unreadable(api.database, [body, lettered.RUBBISH])
    # When all are replayed, twice
    done = (await api.client.post(REPLAY, json={"all": True, "note": "corrected", "rate": 0.5})).json()
    again = (await api.client.post(REPLAY, json={"all": True})).json()
    # Then it is done once
    assert (done["transactions"], done["messages"], done["more"]) == (3, 1, False)
    assert [left["why"].partition(":")[0] for left in done["left_alone"]] == ["still cannot be read"]
    assert (again["transactions"], again["messages"]) == (0, 0)
    assert [fields[b"d"] for _, fields in await redis.xrange(STREAM)] == [body]
    # And the letters say by which key
    letter = (await api.client.get(f"{LETTERS}/{made[0]}")).json()["letter"]
    assert (letter["status"], letter["note"], letter["changed_by"].partition(" ")[0]) == (
        "replayed",
        "corrected",
        "test",
    )
    assert letter["changed_at"] is not None


async def test_letters_are_discarded_with_a_reason(api: Api) -> None:
    # Given letters
    first, second, third = await dead(api.database, 3)
    # When some are discarded by name, without and with a reason
    assert paths(await api.client.post(DISCARD, json={"letter_ids": [str(first)]})) == ["note"]
    named = {"letter_ids": [str(first), str(second)], "note": "a test"}
    assert (await api.client.post(DISCARD, json=named)).json() == {"letters": 2, "left_alone": [], "more": False}
    # Then they are, and the next time it is said why not
    again = (await api.client.post(DISCARD, json=named | {"letter_ids": [str(second)]})).json()
    assert again["left_alone"] == [{"letter_id": str(second), "why": "was discarded before"}]
    assert [await status(api.database, letter) for letter in (first, second, third)] == [
        "discarded",
        "discarded",
        "open",
    ]


async def test_the_examples_are_what_the_api_takes(api: Api) -> None:
    for path, payload in ((REPLAY, described.REPLAY_PAYLOAD), (DISCARD, described.DISCARD_PAYLOAD)):
        assert (await api.client.post(path, json=payload)).status_code == 200


@pytest.mark.parametrize("path", [REPLAY, DISCARD])
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, ["$"]),
        ({"all": False}, ["$"]),
        ({"all": True, "account_id": "a"}, ["all"]),
        ({"letter_ids": []}, ["letter_ids"]),
        ({"letter_ids": ["x"]}, ["letter_ids"]),
        ({"letter_ids": [str(UUID(int=1))], "account_id": "a"}, ["letter_ids"]),
        ({"all": "yes", "limit": 0.5, "from": "now", "since": 1}, ["from", "all", "limit", "since"]),
        ({"account_id": "a\0"}, ["account_id"]),
        ({"all": True, "limit": 100_000}, ["limit"]),
        ({"from": "1960-01-01T00:00:00Z"}, ["from"]),
        ({"from": "2025-01-01T00:00:00"}, ["from"]),
        ({"all": True, "note": "x" * 501}, ["note"]),
        ([], ["$"]),
    ],
)
async def test_faults_of_a_change_are_all_named(api: Api, path: str, sent: Any, expected: list[str]) -> None:
    (letter,) = await dead(api.database, 1)
    sent = {"note": "a reason"} | sent if isinstance(sent, dict) else sent
    assert paths(await api.client.post(path, json=sent)) == expected
    assert await status(api.database, letter) == "open"


async def test_a_rate_is_bounded_and_only_for_replays(api: Api) -> None:
    for rate in (0, 1e6, "fast"):
        assert paths(await api.client.post(REPLAY, json={"all": True, "rate": rate})) == ["rate"]
    assert paths(await api.client.post(DISCARD, json={"all": True, "rate": 1, "note": "x"})) == ["rate"]
    assert_problem(await api.client.post(REPLAY, content=b"{", headers={"Content-Type": "application/json"}), 400)
    assert_problem(await api.client.post(REPLAY, content=b"{}", headers={"Content-Type": "text/plain"}), 415)


@pytest.mark.parametrize(
    "query", ["status=lost", "cursor=%21", "limit=0", "limit=501", "from=soon", "to=1960-01-01T00:00:00Z", "cause=x"]
)
async def test_odd_queries_are_refused(api: Api, query: str) -> None:
    assert paths(await api.client.get(f"{LETTERS}?{query}")) == [query.partition("=")[0]]


async def test_changes_need_a_key_for_everything(api: Api, reader: httpx.AsyncClient) -> None:
    # Given a letter, and a key that may read and send
    (letter,) = await dead(api.database, 1)
    # When it is to be changed with that key, however the path is spelled, Then it is not
    for path in (
        REPLAY,
        DISCARD,
        f"{REPLAY}/",
        REPLAY.replace("/dead", "//dead"),
        DISCARD.replace("/discard", "//discard"),
    ):
        answer = await reader.post(path, json={"all": True, "note": "x"})
        assert_problem(answer, 403)
    assert await status(api.database, letter) == "open"
    # And the door knows that before anything is read
    assert {routes.scope_needed("POST", path) for path in (REPLAY, DISCARD, f"{LETTERS}//replay")} == {"admin"}
    assert routes.scope_needed("GET", CAUSES) == "read"
    # And without a key nothing is shown
    async with client_of(api.port) as nobody:
        assert_problem(await nobody.get(LETTERS), 401)
    # And a key that may only send does not read
    key = await api_keys.create(api.database, "sender", ("ingest",))
    async with client_of(api.port, key) as sender:
        assert_problem(await sender.get(CAUSES), 403)
