"""Accepted is durable and decided once, whatever process dies."""

import asyncio
import os
import signal
from collections.abc import Callable

import httpx
import pytest

from riskengine import wiring
from riskengine.pipeline.running import Running
from riskengine.pipeline.verify import verify
from riskengine.stack.stack import Stack
from riskengine.storage.database import Database
from riskengine.storage.replays import Span
from tests.promises.conftest import drained

SENDERS = 20


def _payload(number: int) -> dict[str, object]:
    return {
        "account_id": f"account-{number % 40}",
        "amount": f"{10 + number % 90}.50",
        "currency": "EUR",
        "country": "BE",
        "merchant": f"m{number % 7}",
        "idempotency_key": f"key-{os.getpid()}-{number}",
    }


async def _send(client: httpx.AsyncClient, numbers: "asyncio.Queue[int]", accepted: dict[int, str]) -> None:
    """Sends until there is nothing to send; a request that fails is sent again, once per failure, as a client does."""
    while not numbers.empty():
        number = numbers.get_nowait()
        try:
            answer = await client.post("/transactions", json=_payload(number))
        except httpx.TransportError:
            numbers.put_nowait(number)
            continue
        if answer.status_code in (200, 201):
            accepted[number] = answer.json()["transaction_id"]
        else:
            assert answer.status_code in (502, 503), answer.text
            numbers.put_nowait(number)


async def _load(client: httpx.AsyncClient, first: int, count: int, at: dict[int, Callable[[], None]]) -> dict[int, str]:
    """Sends so many transactions from concurrent senders, doing things when so many are accepted."""
    numbers: asyncio.Queue[int] = asyncio.Queue()
    for number in range(first, first + count):
        numbers.put_nowait(number)
    accepted: dict[int, str] = {}
    senders = [asyncio.create_task(_send(client, numbers, accepted)) for _ in range(SENDERS)]
    for threshold, action in sorted(at.items()):
        while len(accepted) < threshold:
            await asyncio.wait(senders, timeout=0.01, return_when=asyncio.FIRST_EXCEPTION)
        action()
    await asyncio.gather(*senders)
    return accepted


async def _decisions(database: Database) -> list[tuple[str, str, int]]:
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT transaction_id, account_id, account_sequence FROM decisions")
    return [(str(row["transaction_id"]), row["account_id"], row["account_sequence"]) for row in rows]


@pytest.mark.parametrize(("victims", "first"), [("workers", 0), ("api", 10_000), ("valkey", 20_000)])
async def test_what_was_accepted_before_a_kill_is_decided_once(
    stack: Stack, client: httpx.AsyncClient, database: Database, victims: str, first: int
) -> None:
    # Given load, in which one process after the other is killed without warning (Valkey loses all it had, two times)
    parts = {"workers": stack.workers, "api": stack.api, "valkey": [stack.valkey, stack.valkey]}[victims]
    before = len(await _decisions(database))

    def kill(index: int) -> Callable[[], None]:
        return lambda: os.kill(parts[index].process.pid, signal.SIGKILL)

    accepted = await _load(client, first, 1500, {400: kill(0), 900: kill(1)})
    # When the dust has settled
    await drained(database)
    # Then each accepted transaction has one decision, and nothing else has any
    decided = await _decisions(database)
    assert len(accepted) == 1500
    assert len(decided) == before + 1500
    assert set(accepted.values()) <= {transaction_id for transaction_id, _, _ in decided}
    assert len({transaction_id for transaction_id, _, _ in decided}) == len(decided)
    # And each account's decisions are numbered without a gap
    places: dict[str, list[int]] = {}
    for _, account_id, sequence in decided:
        places.setdefault(account_id, []).append(sequence)
    assert all(sorted(numbers) == list(range(1, len(numbers) + 1)) for numbers in places.values())
    # And every window counted each of them once: a replay in that order gives the same features to the last bit
    report = await verify(database, await Running.start(database, wiring.builder(database)), Span())
    assert report.differences == ()
    assert report.identical == before + 1500


async def test_two_hundred_requests_with_one_key_over_two_replicas_make_one_transaction(
    client: httpx.AsyncClient, database: Database
) -> None:
    # When two hundred clients send the same at once
    body = {**_payload(0), "idempotency_key": "one-key-for-all"}
    answers = await asyncio.gather(*(client.post("/transactions", json=body) for _ in range(200)))
    # Then one made the transaction, and all others got it
    assert sorted(answer.status_code for answer in answers) == [200] * 199 + [201]
    assert len({answer.json()["transaction_id"] for answer in answers}) == 1
    async with database.connection() as connection:
        query = "SELECT count(*) FROM transactions WHERE idempotency_key = 'one-key-for-all'"
        assert await connection.fetchval(query) == 1
