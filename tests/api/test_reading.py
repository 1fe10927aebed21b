"""Transactions out: one by one, and in pages."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from riskengine.domain import clock, ids
from riskengine.domain.month import Month
from riskengine.storage import archives, queries
from tests import factories
from tests.api.conftest import Api
from tests.api.payloads import ACCOUNTS, BATCH, DECISIONS, TRANSACTIONS, paths, payment


async def pages(api: Api, **question: Any) -> list[dict[str, Any]]:
    """All transactions of a question, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        page = (await api.client.get(TRANSACTIONS, params=question)).json()
        found += page["transactions"]
        if page["next_cursor"] is None:
            return found
        assert len(page["transactions"]) == question["limit"]
        question["cursor"] = page["next_cursor"]


async def test_a_transaction_is_shown_as_it_was_sent(api: Api) -> None:
    sent = payment(
        amount=1250, currency="JPY", occurred_at="2025-11-21T15:03:07.25+01:00", metadata={"z": 1.10, "a": []}, ip="::1"
    )
    accepted = (await api.client.post(TRANSACTIONS, json=sent)).json()
    answer = await api.client.get(f"{TRANSACTIONS}/{accepted['transaction_id']}")
    shown = answer.json()
    assert answer.status_code == 200
    assert shown["amount"] == "1250"
    assert shown["occurred_at"] == "2025-11-21T14:03:07.250Z"
    assert shown["created_at"] == accepted["created_at"]
    assert shown["metadata"] == {"z": 1.10, "a": []}
    assert (shown["status"], shown["outcome"], shown["score"], shown["merchant"]) == ("pending", None, None, None)


async def test_a_pending_decision_is_not_there_yet(api: Api) -> None:
    accepted = (await api.client.post(TRANSACTIONS, json=payment())).json()
    answer = await api.client.get(f"{TRANSACTIONS}/{accepted['transaction_id']}/decision")
    assert answer.status_code == 404
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["type"] == "urn:riskengine:problem:decision-pending"


UNKNOWN_IDS: list[Any] = [
    str(ids.new()),
    "ffffffff-ffff-7fff-bfff-ffffffffffff",
    "0f0e0d0c-0b0a-4908-8706-050403020100",
    "17",
    "a%00b",
]


async def test_a_transaction_of_an_archived_month_is_gone(api: Api) -> None:
    # Given an archived month, and a request that was made in it and is made again now
    month = Month.of(clock.now_ms()).plus(-30)
    old = factories.transaction(created_at=month.start_ms)
    sent = payment(idempotency_key="k1")
    first = (await api.client.post(DECISIONS, json=sent)).json()["transaction_id"]
    await archives.put(api.database, archives.Archive(month, Path("/archives"), "0" * 64, 1, 1, 0))
    async with api.database.connection() as connection:
        await connection.execute(
            "UPDATE idempotency_keys SET transaction_id = $1 WHERE transaction_id = $2", old.transaction_id, UUID(first)
        )
    # When the transaction is asked for, or sent for once more
    answers = [
        await api.client.get(f"{TRANSACTIONS}/{old.transaction_id}"),
        await api.client.get(f"{TRANSACTIONS}/{old.transaction_id}/decision"),
        await api.client.post(DECISIONS, json=sent),
    ]
    # Then the answer says where it is
    for answer in answers:
        assert (answer.status_code, answer.json()["type"]) == (410, "urn:riskengine:problem:archived")
        assert f"riskengine partitions restore {month}" in answer.json()["detail"]
    # And the key stands for it as ever
    accepted = (await api.client.post(TRANSACTIONS, json=sent)).json()
    assert accepted["transaction_id"] == str(old.transaction_id)


async def test_an_unknown_transaction_is_not_found(api: Api) -> None:
    for transaction_id in UNKNOWN_IDS:
        for path in (f"{TRANSACTIONS}/{transaction_id}", f"{TRANSACTIONS}/{transaction_id}/decision"):
            answer = await api.client.get(path)
            assert answer.status_code == 404
            assert answer.json()["type"] == "urn:riskengine:problem:not-found"


async def test_pages_go_through_all_transactions_once(api: Api) -> None:
    # Given decided and pending transactions of two accounts
    for n in range(4):
        await api.client.post(DECISIONS, json=payment(account_id="bob", amount=20_000 if n % 2 else 5, country="IR"))
    items = [payment(account_id=("alice", "bob")[n % 2]) for n in range(7)]
    await api.client.post(BATCH, json={"transactions": items})
    everything = await pages(api, limit=500)

    # When they are asked for in small pages, Then each comes once, newest first, and only those that were asked for
    assert len(everything) == 11
    assert [t["transaction_id"] for t in everything] == sorted((t["transaction_id"] for t in everything), reverse=True)
    outcomes = {t["outcome"] for t in everything}
    questions: list[dict[str, Any]] = [
        {},
        {"account_id": "bob"},
        {"account_id": "bob", "status": "pending"},
        {"account_id": "nobody"},
        {"status": "pending"},
        *({"outcome": outcome} for outcome in outcomes if outcome),
        *({"account_id": "bob", "status": t["status"]} for t in everything),
        {"status": "pending", "outcome": "approve"},
        {"status": "blocked", "outcome": "approve"},
    ]
    assert outcomes == {None, "approve", "review", "decline"}
    for question in questions:
        expected = [t for t in everything if all(t[name] == value for name, value in question.items())]
        assert await pages(api, limit=2, **question) == expected, question


async def test_pages_are_bounded_by_times_of_acceptance(api: Api) -> None:
    accepted = [(await api.client.post(TRANSACTIONS, json=payment())).json() for _ in range(3)]
    first, middle, last = [one["created_at"] for one in accepted]
    inside = await pages(api, limit=50, **{"from": first, "to": last})
    assert all(first <= one["created_at"] < last for one in inside)
    assert len(inside) == len([one for one in (first, middle, last) if first <= one < last])
    assert await pages(api, limit=50, to="1970-01-02T00:00:00Z") == []


WRONG_QUESTIONS: list[Any] = [
    ({"limit": "0"}, ["limit"]),
    ({"limit": "501"}, ["limit"]),
    ({"limit": "x", "status": "done", "outcome": "4111111111111111"}, ["status", "outcome", "limit"]),
    ({"from": "2025-01-01T00:00:00"}, ["from"]),
    ({"to": "yesterday"}, ["to"]),
    ({"cursor": "!"}, ["cursor"]),
    ({"cursor": "AAAA"}, ["cursor"]),
    ({"account": "alice"}, ["account"]),
    ({"account_id": "\0"}, ["account_id"]),
]


async def test_a_wrong_question_is_refused(api: Api) -> None:
    for question, expected in WRONG_QUESTIONS:
        answer = await api.client.get(TRANSACTIONS, params=question)
        assert (answer.status_code, paths(answer.json())) == (422, expected)
        assert "4111" not in answer.text


UNKNOWN_ACCOUNTS: list[Any] = ["nobody", "%00", "%FF", "a%2Fb"]


async def test_an_unknown_account_is_not_found(api: Api) -> None:
    for account_id in UNKNOWN_ACCOUNTS:
        assert (await api.client.get(f"{ACCOUNTS}/{account_id}")).status_code == 404


@pytest.mark.parametrize("name", ["records_of_account", "records_notable", "records_pending", "records_recent"])
async def test_a_page_is_read_from_an_index(api: Api, name: str) -> None:
    # Given enough transactions that reading them all would cost more
    items = [payment(account_id=f"a{n}") for n in range(1000)]
    for _ in range(3):
        await api.client.post(BATCH, json={"transactions": items})
    of_its_own: dict[str, list[object]] = {
        "records_of_account": ["a1", False, None],
        "records_notable": ["decline"],
        "records_recent": [None],
    }
    # When PostgreSQL is asked how it would read a page
    async with api.database.connection() as connection:
        await connection.execute("ANALYZE transactions, decisions, pending")
        bounds = [ids.first(0), ids.first(2**47), *(await connection.fetchrow("SELECT now() - interval '1 d', now()"))]
        plan = await connection.fetch("EXPLAIN " + queries.text(name), *bounds, 50, *of_its_own.get(name, []))
    # Then it goes by indexes alone, in the partitions of the time asked for
    lines = [row[0] for row in plan]
    month = f"{bounds[3]:%Y_%m}"
    assert [line for line in lines if "Scan" in line and f"transactions_{month}" in line], lines
    assert not [line for line in lines if f"Seq Scan on transactions_{month}" in line or "Seq Scan on pending" in line]


async def test_a_reason_shows_the_account_as_it_was(api: Api) -> None:
    # Given a payment abroad, and an account that moves there afterwards
    await api.client.put(f"{ACCOUNTS}/mover", json={"home_country": "BE"})
    decided = (await api.client.post(DECISIONS, json=payment(account_id="mover", country="FR"))).json()
    await api.client.put(f"{ACCOUNTS}/mover", json={"home_country": "FR"})

    # When the decision is asked for later
    later = (await api.client.get(f"{TRANSACTIONS}/{decided['transaction_id']}/decision")).json()

    # Then it says what the account was then, as it did at once, and the rate of the amount
    for shown in (decided, later):
        [abroad] = [reason for reason in shown["reasons"] if reason["code"] == "RULE_CROSS_BORDER"]
        assert abroad["values"]["home_country"] == "BE"
        assert (shown["exchange_rate"]["base"], shown["degraded"], shown["shadow_rules"]) == ("EUR", [], [])
