"""Transactions in: stored once and answered for, alone, in batches, and decided at once."""

import asyncio
from uuid import UUID

import pytest

from riskengine.storage import records
from tests.api.conftest import NOBODY_LISTENS, Api, client_of, serving
from tests.api.payloads import ACCOUNTS, BATCH, DECISIONS, TRANSACTIONS, paths, payment


async def count(api: Api, table: str = "transactions") -> int:
    async with api.database.connection() as connection:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


async def test_an_accepted_transaction_is_stored_and_pending(api: Api) -> None:
    # When a transaction is sent
    answer = await api.client.post(TRANSACTIONS, json=payment(idempotency_key="k1", metadata={"note": "é"}))

    # Then it is answered for, and in PostgreSQL
    assert answer.status_code == 201
    accepted = answer.json()
    assert accepted.keys() == {"transaction_id", "status", "idempotency_key", "created_at"}
    assert (accepted["status"], accepted["idempotency_key"]) == ("pending", "k1")
    stored = await records.get(api.database, UUID(accepted["transaction_id"]))
    assert stored is not None
    assert stored.status == "pending"
    assert await count(api, "pending") == 1


async def test_a_key_gives_its_first_answer_again_and_refuses_other_content(api: Api) -> None:
    # Given a transaction whose key came in the header
    first = await api.client.post(TRANSACTIONS, json=payment(), headers={"Idempotency-Key": "k1"})
    # When the key comes again in the body, with the same amount written differently
    again = await api.client.post(TRANSACTIONS, json=payment(amount=12.5, idempotency_key="k1"))
    # Then the first answer comes again
    assert (again.status_code, again.json()) == (200, first.json())
    # When it comes with another amount, Then it is a conflict, and nothing new is stored
    other = await api.client.post(TRANSACTIONS, json=payment(amount=13, idempotency_key="k1"))
    assert other.status_code == 409
    assert other.json()["type"] == "urn:riskengine:problem:idempotency-conflict"
    assert await count(api) == 1


async def test_without_a_key_one_is_made_and_returned(api: Api) -> None:
    first, second = [(await api.client.post(TRANSACTIONS, json=payment())).json() for _ in range(2)]
    assert first["idempotency_key"] == first["transaction_id"] != second["transaction_id"]
    replay = await api.client.post(TRANSACTIONS, json=payment(idempotency_key=first["idempotency_key"]))
    assert (replay.status_code, replay.json()) == (200, first)


async def test_two_hundred_concurrent_requests_with_one_key_make_one_transaction(
    api: Api, database_url: str, redis_url: str
) -> None:
    # Given a second replica
    async with serving(database_url, redis_url) as port, client_of(port) as second:
        second.headers = api.client.headers
        # When both get the same transaction, two hundred times at once
        clients = [api.client, second] * 100
        answers = await asyncio.gather(
            *(client.post(TRANSACTIONS, json=payment(idempotency_key="same")) for client in clients)
        )
    # Then one is new, all are alike, and one is stored
    assert sorted(answer.status_code for answer in answers) == [200] * 199 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert await count(api) == 1


async def test_a_batch_is_answered_in_order_with_duplicates_as_single_ones(api: Api) -> None:
    # Given a transaction that is known
    known = (await api.client.post(TRANSACTIONS, json=payment(idempotency_key="known"))).json()
    # When a batch has it again, something new, and the new one twice
    items = [payment(idempotency_key="known"), *[payment(account_id="bob", idempotency_key="new")] * 2, payment()]
    answer = await api.client.post(BATCH, json={"transactions": items})

    # Then each has its result, in order
    assert answer.status_code == 201
    results = answer.json()["transactions"]
    assert results[0] == known
    assert results[1] == results[2] != results[3]
    assert await count(api) == 3


async def test_a_batch_with_a_bad_777th_stores_nothing(api: Api) -> None:
    items = [payment(account_id=f"a{n}") for n in range(1000)]
    items[776] |= {"currency": "XYZ", "amount": 0}
    answer = await api.client.post(BATCH, json={"transactions": items})
    assert answer.status_code == 422
    assert paths(answer.json()) == ["transactions[776].currency", "transactions[776].amount"]
    assert await count(api) == 0


async def test_a_batch_with_a_conflict_stores_nothing_and_names_it(api: Api) -> None:
    await api.client.post(TRANSACTIONS, json=payment(idempotency_key="used"))
    items = [payment(), payment(amount=99, idempotency_key="used")]
    answer = await api.client.post(BATCH, json={"transactions": items})
    assert answer.status_code == 409
    assert paths(answer.json()) == ["transactions[1].idempotency_key"]
    assert await count(api) == 1


@pytest.mark.parametrize(("size", "status"), [(1000, 201), (1001, 422), (0, 422)])
async def test_a_batch_has_one_to_a_thousand(api: Api, size: int, status: int) -> None:
    answer = await api.client.post(BATCH, json={"transactions": [payment()] * size})
    assert answer.status_code == status
    assert await count(api) == (size if status == 201 else 0)


async def test_a_key_in_the_header_of_a_batch_is_refused(api: Api) -> None:
    answer = await api.client.post(
        BATCH, json={"transactions": [payment()]}, headers={"Idempotency-Key": "for which one?"}
    )
    assert (answer.status_code, paths(answer.json())) == (422, ["Idempotency-Key"])


async def test_a_decision_comes_with_its_parts_and_reasons(api: Api) -> None:
    # When a risky transaction is to be decided at once
    sent = payment(amount=20_000, country="IR", idempotency_key="k1")
    answer = await api.client.post(DECISIONS, json=sent)

    # Then the answer says what was decided, and why
    assert answer.status_code == 200
    decision = answer.json()
    assert 0 < decision["score"] <= 100
    assert decision["parts"].keys() == {"rules", "behaviour", "model", "weights"}
    assert {"code", "description", "impact", "values", "part", "points"} == decision["reasons"][0].keys()
    assert "RULE_CRITICAL_AMOUNT" in {reason["code"] for reason in decision["reasons"]}
    assert (
        decision["status"] == {"approve": "processed", "review": "flagged", "decline": "blocked"}[decision["outcome"]]
    )

    # And the same key, and the transaction's own path, show the same decision
    again = await api.client.post(DECISIONS, json=sent)
    path = f"{TRANSACTIONS}/{decision['transaction_id']}/decision"
    assert again.json() == decision
    assert (await api.client.get(path)).json() == decision
    assert await count(api, "decisions") == 1


async def test_accounts_are_described_under_any_name(api: Api) -> None:
    # Given an id with everything a path does not like
    encoded, account_id = "%2Fa%20b%2F..%2F%C3%A9%3F%23%25", "/a b/../é?#%"
    described = {"type": "retail", "status": "active", "home_country": "BE", "time_zone": "Europe/Brussels"}
    # When it is described, and looked at
    put = await api.client.put(f"{ACCOUNTS}/{encoded}", json=described | {"opened_at": "2019-04-01T00:00:00+02:00"})
    got = await api.client.get(f"{ACCOUNTS}/{encoded}")
    # Then it is as described
    assert put.status_code == got.status_code == 200
    assert (
        put.json()
        == got.json()
        == {
            "account_id": account_id,
            "opened_at": "2019-03-31T22:00:00.000Z",
            **described,
        }
    )


async def test_an_account_appears_with_its_first_decision(api: Api) -> None:
    assert (await api.client.get(f"{ACCOUNTS}/carol")).status_code == 404
    await api.client.post(DECISIONS, json=payment(account_id="carol"))
    assert (await api.client.get(f"{ACCOUNTS}/carol")).json()["type"] == "unknown"


async def test_without_redis_transactions_are_still_accepted(api: Api, database_url: str) -> None:
    # Given a replica that does not reach Redis
    async with serving(database_url, NOBODY_LISTENS) as port, client_of(port) as client:
        client.headers = api.client.headers
        accepted = await client.post(TRANSACTIONS, json=payment())
        # A decision at once is not to be had, and nothing is stored of who wanted one
        decided = await client.post(DECISIONS, json=payment(idempotency_key="k1"))
        ready = await client.get("/health/ready")
    assert accepted.status_code == 201
    assert decided.status_code == 503
    assert decided.headers["retry-after"] == "1"
    assert decided.json()["type"] == "urn:riskengine:problem:unavailable"
    assert (ready.status_code, ready.json()["failing"]) == (503, ["redis"])
    assert await count(api, "pending") == 1
