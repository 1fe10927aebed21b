"""Clients that insist, and what is then to be seen."""

import asyncio
import os
from collections.abc import Callable, Mapping

import httpx

from riskengine import wiring
from riskengine.pipeline.running import Running
from riskengine.pipeline.verify import verify
from riskengine.storage.database import Database
from riskengine.storage.replays import Span

SENDERS = 20


def payload(number: int) -> dict[str, object]:
    """A payment of one of forty accounts."""
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
            answer = await client.post("/transactions", json=payload(number))
        except httpx.TransportError:
            numbers.put_nowait(number)
            continue
        if answer.status_code in (200, 201):
            accepted[number] = answer.json()["transaction_id"]
        else:
            assert answer.status_code in (502, 503), answer.text
            numbers.put_nowait(number)


async def load(client: httpx.AsyncClient, first: int, count: int, at: dict[int, Callable[[], None]]) -> dict[int, str]:
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


async def decisions(database: Database) -> list[tuple[str, str, int]]:
    """Transaction, account and place in its order, of all that is decided."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT transaction_id, account_id, account_sequence FROM decisions")
    return [(str(row["transaction_id"]), row["account_id"], row["account_sequence"]) for row in rows]


async def decided_once(database: Database, accepted: Mapping[int, str], total: int) -> None:
    """Asserts that the accepted transactions are decided, `total` in all, each once, and each counted once."""
    decided = await decisions(database)
    assert len(decided) == total
    assert set(accepted.values()) <= {transaction_id for transaction_id, _, _ in decided}
    assert len({transaction_id for transaction_id, _, _ in decided}) == len(decided)
    # Each account's decisions are numbered without a gap
    places: dict[str, list[int]] = {}
    for _, account_id, sequence in decided:
        places.setdefault(account_id, []).append(sequence)
    assert all(sorted(numbers) == list(range(1, len(numbers) + 1)) for numbers in places.values())
    # Every window counted each of them once: a replay in that order gives the same features to the last bit
    report = await verify(database, await Running.start(database, wiring.builder(database)), Span())
    assert report.differences == ()
    assert report.identical == total
