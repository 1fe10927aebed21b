"""All processes are restarted one after the other, and a client that sends a second time sees nothing of it."""

import asyncio
import itertools
import os
import signal
from collections.abc import Iterator

import httpx

from riskengine.stack import ports
from riskengine.stack.engine import EngineProcess, answers
from riskengine.stack.stack import Stack
from riskengine.storage import processes
from riskengine.storage.database import Database
from tests.promises.conftest import drained

SENDERS = 8


def _payload(number: int) -> dict[str, object]:
    account = f"roll-{number % 40}"
    return {"account_id": account, "amount": "9.50", "currency": "EUR", "idempotency_key": f"roll-{number}"}


async def _send(client: httpx.AsyncClient, numbers: Iterator[int], done: asyncio.Event, accepted: set[str]) -> None:
    """Sends until told to stop; a request that is not answered well is sent once more, and must be then."""
    while not done.is_set():
        number = next(numbers)
        path = "/decisions" if number % 3 == 0 else "/transactions"
        body = {
            "account_id": f"roll-{number % 40}",
            "amount": "9.50",
            "currency": "EUR",
            "idempotency_key": f"r{number}",
        }
        try:
            answer = await client.post(path, json=body)
        except httpx.TransportError:
            answer = await client.post(path, json=body)
        else:
            if answer.status_code >= 500:
                answer = await client.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        accepted.add(answer.json()["transaction_id"])


async def _restarted(part: EngineProcess, database: Database, role: str) -> None:
    """Asks a process to leave, twice, as an impatient operator does; returns when its successor is at work."""
    before = part.process.pid
    known = {report.process_id for report in await processes.living(database)}
    for _ in range(2):
        os.kill(before, signal.SIGTERM)
    async with asyncio.timeout(60):
        while part.process.pid == before or not await asyncio.to_thread(_up, part, role):
            await asyncio.sleep(0.05)
        while not {r.process_id for r in await processes.living(database) if r.role == role} - known:
            await asyncio.sleep(0.05)


def _up(part: EngineProcess, role: str) -> bool:
    return answers(part.port, "/health/ready") if role == "api" else ports.listening(part.port)


async def test_a_rolling_restart_is_seen_by_nobody_who_tries_twice(
    stack: Stack, client: httpx.AsyncClient, database: Database
) -> None:
    # Given load of all kinds
    done, accepted, numbers = asyncio.Event(), set[str](), itertools.count()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(SENDERS):
            tasks.create_task(_send(client, numbers, done, accepted))
        # When each API process and each worker is restarted, one after the other
        for role, parts in (("api", stack.api), ("worker", stack.workers)):
            for part in parts:
                await _restarted(part, database, role)
        done.set()
    await drained(database)
    # Then no client saw an error, and all that was accepted is decided once
    async with database.connection() as connection:
        decided = await connection.fetch("SELECT transaction_id FROM decisions WHERE account_id LIKE 'roll-%'")
    assert len(accepted) > 50
    assert sorted(str(row["transaction_id"]) for row in decided) == sorted(accepted)
