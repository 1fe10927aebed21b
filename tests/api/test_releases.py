"""What decides is changed over HTTP: by those who may, checked, by two where two are asked for, and seen to run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from riskengine.api import examples, release_bodies
from riskengine.storage import api_keys
from riskengine.storage.api_keys import Scope
from riskengine.storage.database import Database
from tests.api.conftest import Api, client_of, serving
from tests.api.payloads import DECISIONS, TRANSACTIONS, payment
from tests.api.test_door import assert_problem
from tests.pipeline.published import catalogue_with, catalogue_without, marked, rates

RULESETS, CATALOGUES, RATES, MODELS = (f"/api/v1/{kind}" for kind in ("rulesets", "catalogues", "rates", "models"))
JSON = {"Content-Type": "application/json"}
YAML = {"Content-Type": "application/yaml"}


@asynccontextmanager
async def person(api: Api, name: str, *scopes: Scope) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody with a key of their own."""
    key = await api_keys.create(api.database, name, scopes or ("rules", "read"))
    async with client_of(api.port, key) as client:
        yield client


async def drafted(client: httpx.AsyncClient, path: str, content: bytes, **query: Any) -> str:
    """The id of a new draft."""
    answer = await client.post(f"{path}/drafts", content=content, headers=YAML, params=query)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["draft_id"])


async def published(client: httpx.AsyncClient, path: str, content: bytes) -> dict[str, Any]:
    """The publication of a new draft."""
    answer = await client.post(f"{path}/drafts/{await drafted(client, path, content)}/publish")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def runs(client: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"{RULESETS}/running")).json()
    return found


async def all_current(client: httpx.AsyncClient, generation: int) -> dict[str, Any]:
    """What runs, once every process runs that generation."""
    while True:
        found = await runs(client)
        assert found["generation"] == generation
        if found["processes"] and all(process["current"] for process in found["processes"]):
            return found
        await asyncio.sleep(0.01)


async def test_a_rule_is_drafted_checked_published_seen_to_run_and_rolled_back(api: Api) -> None:
    async with person(api, "ann") as ann:
        # Given what runs, as a file with one more rule
        exported = await ann.get(f"{RULESETS}/1", headers={"Accept": "application/yaml"})
        assert exported.headers["content-type"].startswith("application/yaml")
        assert b"\nversion: 1\n" in exported.content
        # When it is drafted, checked and published
        draft = await drafted(ann, RULESETS, marked(2), note="a mark")
        checked = (await ann.post(f"{RULESETS}/drafts/{draft}/check")).json()
        done = (await ann.post(f"{RULESETS}/drafts/{draft}/publish", json={"note": "tried on paper"})).json()
        # Then it is written down who did what and why, and from which version
        assert (checked["state"], checked["base"], checked["note"]) == ("checked", 1, "a mark")
        assert checked["created_by"].startswith("ann (")
        assert (done["version"], done["previous"], done["action"]) == (2, 1, "publish")
        assert (done["published_by"], done["note"]) == (checked["created_by"], "tried on paper")
        # And the running process says that it runs it, and decides by it
        report = await all_current(ann, done["generation"])
        assert report["versions"]["ruleset"] == 2
        assert [(process["role"], process["problem"]) for process in report["processes"]] == [("api", None)]
        decision = (await api.client.post(DECISIONS, json=payment())).json()
        assert decision["versions"]["ruleset"] == 2
        assert "RULE_MARK_2" in {reason["code"] for reason in decision["reasons"]}
        # When it is rolled back, then the one before runs again, and both are in the books
        back = (await ann.post(f"{RULESETS}/rollback", json={"to": 1, "note": "noise"})).json()
        assert (back["version"], back["previous"], back["action"]) == (1, 2, "rollback")
        await all_current(ann, back["generation"])
        assert (await api.client.post(DECISIONS, json=payment())).json()["versions"]["ruleset"] == 1
        history = (await ann.get(f"{RULESETS}/history", params={"limit": 2})).json()
        assert history["publications"] == [back, done]
        listed = (await ann.get(RULESETS)).json()["releases"]
        assert [(release["version"], release["runs"]) for release in listed] == [(2, False), (1, True)]


FAULTY = ("MARK_2", "NIGHT_TRANSACTION", "GEO_IMPOSSIBLE_TRAVEL")


async def test_faults_are_all_named_with_carets_and_nothing_changes(api: Api) -> None:
    async with person(api, "ann") as ann:
        # Given a rule set with three faults
        before = await runs(ann)
        faulty = marked(2, "amount_bse > 1").replace(b"hour < 5", b"hour <").replace(b"kmh > 900", b'kmh == "fast"')
        draft = await drafted(ann, RULESETS, faulty)
        # When it is checked, and published all the same
        for action in ("check", "publish"):
            refusal = await ann.post(f"{RULESETS}/drafts/{draft}/{action}")
            # Then all three are named, with their places
            assert_problem(refusal, 422)
            errors = {error["path"]: error["message"] for error in refusal.json()["errors"]}
            assert set(errors) == {f"rules.RULE_{name}" for name in FAULTY}
            assert "    amount_bse > 1\n    ^^^^^^^^^^" in errors["rules.RULE_MARK_2"]
            assert all("^" in message for message in errors.values())
        # And nothing has changed, and the draft is still there to be looked at, and thrown away
        assert await runs(ann) == before | {"processes": (await runs(ann))["processes"]}
        whole = (await ann.get(f"{RULESETS}/drafts/{draft}")).json()
        assert whole["content"]["text"].encode() == faulty
        assert whole["draft"]["state"] == "draft"
        assert (await ann.post(f"{RULESETS}/drafts/{draft}/discard")).json()["state"] == "discarded"
        assert (await ann.get(f"{RULESETS}/drafts")).json() == {"drafts": []}
        assert_problem(await ann.post(f"{RULESETS}/drafts/{draft}/publish"), 409)


async def test_of_two_that_start_from_the_same_version_the_second_is_refused(api: Api) -> None:
    async with person(api, "ann") as ann, person(api, "bob") as bob:
        first, second = await drafted(ann, RULESETS, marked(2)), await drafted(bob, RULESETS, marked(3))
        assert (await ann.post(f"{RULESETS}/drafts/{first}/publish")).status_code == 200
        refusal = await bob.post(f"{RULESETS}/drafts/{second}/publish")
        assert_problem(refusal, 409)
        assert refusal.json()["type"] == "urn:riskengine:problem:release-conflict"
        assert "made from 1" in refusal.json()["detail"]
        # What is said in the request counts more than what the file says
        rebased = await drafted(bob, RULESETS, marked(3), base=2)
        assert (await bob.post(f"{RULESETS}/drafts/{rebased}/publish")).json()["version"] == 3


async def test_where_two_are_asked_for_one_alone_cannot_publish(
    database: Database, database_url: str, redis_url: str
) -> None:
    async with serving(database_url, redis_url, release_approval="required") as port, client_of(port) as nobody:
        api = Api(nobody, database, port)
        # Given drafts of somebody who may even do everything
        async with person(api, "ann", "admin") as ann, person(api, "bob") as bob:
            draft = await drafted(ann, RULESETS, marked(2))
            # When that person tries alone, then nothing comes of it
            assert_problem(await ann.post(f"{RULESETS}/drafts/{draft}/publish"), 403)
            assert_problem(await ann.post(f"{RULESETS}/drafts/{draft}/approve"), 403)
            assert_problem(await bob.post(f"{RULESETS}/drafts/{draft}/publish"), 403)
            assert (await runs(ann))["versions"]["ruleset"] == 1
            # When another one approves, then it is published, with both names
            approved = (await bob.post(f"{RULESETS}/drafts/{draft}/approve")).json()
            assert approved["state"] == "approved"
            assert (await ann.post(f"{RULESETS}/drafts/{draft}/publish")).json()["version"] == 2
            release = (await ann.get(f"{RULESETS}/2")).json()["release"]
            assert release["created_by"].startswith("ann (")
            assert release["approved_by"].startswith("bob (")
            assert release["approved_by"] == approved["approved_by"]


async def test_a_catalogue_without_a_feature_in_use_is_refused(api: Api) -> None:
    draft = await drafted(api.client, CATALOGUES, catalogue_without("speed_kmh"))
    refusal = await api.client.post(f"{CATALOGUES}/drafts/{draft}/publish")
    assert_problem(refusal, 422)
    assert "speed_kmh" in refusal.json()["detail"]
    assert "RULE_GEO_IMPOSSIBLE_TRAVEL" in refusal.text
    assert (await runs(api.client))["versions"]["catalogue"] == 1


async def test_catalogues_and_rates_are_changed_likewise(api: Api) -> None:
    assert (await published(api.client, CATALOGUES, catalogue_with("another")))["version"] == 2
    done = await published(api.client, RATES, rates())
    assert (done["kind"], done["version"]) == ("rates", 2)
    report = await all_current(api.client, done["generation"])
    assert report["versions"] == {"ruleset": 1, "catalogue": 2, "rates": 2, "lists": 0, "model": None}


async def test_a_draft_comes_as_yaml_or_in_json(api: Api) -> None:
    body = {"content": marked(2).decode(), "note": "why", "base": 7}
    answer = await api.client.post(f"{RULESETS}/drafts", json=body)
    assert (answer.status_code, answer.json()["note"], answer.json()["base"]) == (201, "why", 7)
    kept = await api.client.get(f"{RULESETS}/drafts/{answer.json()['draft_id']}", headers={"Accept": "text/yaml, */*"})
    assert kept.content == marked(2)
    shown = await api.client.post(f"{RULESETS}/drafts", json=examples.DRAFT_PAYLOAD)
    assert (await api.client.post(f"{RULESETS}/drafts/{shown.json()['draft_id']}/check")).status_code == 200


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"note": "x"}, "content"),
        ({"content": 1}, "content"),
        ({"content": "version: 1", "base": 0}, "base"),
        ({"content": "version: 1", "base": 2**31}, "base"),
        ({"content": "version: 1", "note": "\0"}, "note"),
        ({"content": "version: 1", "note": "x" * 1001}, "note"),
        ({"content": "version: 1", "by": "me"}, "by"),
        ([], "$"),
    ],
)
async def test_a_draft_that_is_none_is_refused(api: Api, body: object, path: str) -> None:
    answer = await api.client.post(f"{RULESETS}/drafts", json=body)
    assert_problem(answer, 422)
    assert [error["path"] for error in answer.json()["errors"]] == [path]


async def test_bodies_are_bounded_and_of_a_kind(api: Api) -> None:
    too_much = b"#" * (release_bodies.LARGEST_TEXT + 1)
    assert_problem(await api.client.post(f"{RULESETS}/drafts", content=too_much, headers=YAML), 413)
    assert_problem(await api.client.post(f"{RULESETS}/drafts", content=b"\xff\xfe", headers=YAML), 400)
    assert_problem(await api.client.post(f"{RULESETS}/drafts", content=b"a: b"), 415)
    half = b'{"content": "\\ud800"}'
    assert_problem(await api.client.post(f"{RULESETS}/drafts", content=half, headers=JSON), 400)
    assert_problem(await api.client.post(f"{MODELS}/drafts", content=b"a: b", headers=YAML), 415)
    draft = await drafted(api.client, RULESETS, marked(2))
    assert_problem(await api.client.post(f"{RULESETS}/drafts/{draft}/publish", content=b"why"), 415)
    assert_problem(await api.client.post(f"{RULESETS}/rollback", json={}), 422)
    assert_problem(await api.client.post(f"{RULESETS}/rollback", json={"to": None}), 422)
    assert_problem(await api.client.post(f"{RULESETS}/rollback", json={"to": 9}), 404)
    assert_problem(await api.client.post(f"{RULESETS}/rollback", json={"to": 1}), 409)
    assert_problem(await api.client.get(f"{RULESETS}/history", params={"limit": 0}), 422)


async def test_a_bundle_is_kept_as_it_is(api: Api) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    bundle = bytes(range(256)) * 5000  # more than YAML may have
    answer = await api.client.post(f"{MODELS}/drafts", content=bundle, headers=headers, params={"note": "first"})
    assert (answer.status_code, answer.json()["base"]) == (201, None)
    path = f"{MODELS}/drafts/{answer.json()['draft_id']}"
    assert (await api.client.get(path, headers={"Accept": "application/octet-stream"})).content == bundle
    shown = (await api.client.get(path)).json()["content"]
    assert (shown["text"], shown["size"]) == (None, len(bundle))
    assert_problem(await api.client.post(f"{path}/check"), 422)


@pytest.mark.parametrize("number", ["0", "2", str(2**31), str(2**70)])
async def test_what_is_not_there_is_not_found(api: Api, number: str) -> None:
    assert_problem(await api.client.get(f"{RULESETS}/{number}"), 404)
    unknown = "019aa5e1-77c0-7d20-b3a4-0f6e2c9d1b55"
    assert_problem(await api.client.get(f"{RULESETS}/drafts/{unknown}"), 404)
    draft = await drafted(api.client, RATES, rates())
    for action in ("check", "approve", "publish", "discard"):
        assert_problem(await api.client.post(f"{RULESETS}/drafts/{draft}/{action}"), 404)


async def test_only_those_who_may_change_what_decides(api: Api) -> None:
    draft = await drafted(api.client, RULESETS, marked(2))
    changes = ["drafts", f"drafts/{draft}/check", f"drafts/{draft}/publish", f"drafts/{draft}/discard", "rollback"]
    # Given keys that may send, and read, when they change what decides, then they are refused, however they spell it
    async with person(api, "shop", "ingest", "read") as shop:
        for change in changes:
            for path in (f"{RULESETS}/{change}", f"{RULESETS}//{change}/", f"/api//v1/rulesets/{change}"):
                answer = await shop.post(path.replace("/api//", f"http://127.0.0.1:{api.port}/api//"), json={"to": 1})
                assert_problem(answer, 403)
        assert (await shop.get(f"{RULESETS}/drafts/{draft}")).json()["draft"]["state"] == "draft"
        for path in ("lists/high_risk_countries", "/lists/high_risk_countries", "snoozes"):
            assert_problem(await shop.delete(f"/api/v1/{path}"), 403)
    # And who may change what decides may not send or read
    async with person(api, "analyst", "rules") as analyst:
        assert_problem(await analyst.get(RULESETS), 403)
        assert_problem(await analyst.post(TRANSACTIONS, json=payment()), 403)
        assert (await analyst.post(f"{RULESETS}/drafts/{draft}/check")).status_code == 200


async def test_a_dead_process_is_reported_no_more_and_a_lagging_one_is_not_current(api: Api) -> None:
    # Given a process that runs an older generation, and one that was last seen long ago
    row = "('{0}', 'worker', now(), {1}, 0, 1, 1, 1, NULL, 0)"
    rows = ", ".join([row.format("late", "now()"), row.format("dead", "now() - interval '1 minute'")])
    async with api.database.connection() as connection:
        await connection.execute(
            "INSERT INTO processes (process_id, role, started_at, seen_at, generation, "
            f"ruleset, catalogue, rates, model, lists) VALUES {rows}"
        )
    # When it is asked what runs
    found = (await runs(api.client))["processes"]
    # Then the one is there and not current, and the other is not there
    assert [process["current"] for process in found if process["process_id"] == "late"] == [False]
    assert "dead" not in {process["process_id"] for process in found}
