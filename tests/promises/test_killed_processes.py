"""Accepted is durable and decided once, whatever process dies."""

import asyncio
import os
import signal
from collections.abc import Callable

import httpx
import pytest

from riskengine.stack.stack import Stack
from riskengine.storage.database import Database
from tests.promises.conftest import drained
from tests.promises.load import decided_once, decisions, load, payload


@pytest.mark.parametrize(("victims", "first"), [("workers", 0), ("api", 10_000), ("valkey", 20_000)])
async def test_what_was_accepted_before_a_kill_is_decided_once(
    stack: Stack, client: httpx.AsyncClient, database: Database, victims: str, first: int
) -> None:
    # Given load, in which one process after the other is killed without warning (Valkey loses all it had, two times)
    parts = {"workers": stack.workers, "api": stack.api, "valkey": [stack.valkey, stack.valkey]}[victims]
    before = len(await decisions(database))

    def kill(index: int) -> Callable[[], None]:
        return lambda: os.kill(parts[index].process.pid, signal.SIGKILL)

    accepted = await load(client, first, 1500, {400: kill(0), 900: kill(1)})
    # When the dust has settled
    await drained(database)
    # Then each accepted transaction has one decision, and nothing else has any
    assert len(accepted) == 1500
    await decided_once(database, accepted, before + 1500)


async def test_two_hundred_requests_with_one_key_over_two_replicas_make_one_transaction(
    client: httpx.AsyncClient, database: Database
) -> None:
    # When two hundred clients send the same at once
    body = {**payload(0), "idempotency_key": "one-key-for-all"}
    answers = await asyncio.gather(*(client.post("/transactions", json=body) for _ in range(200)))
    # Then one made the transaction, and all others got it
    assert sorted(answer.status_code for answer in answers) == [200] * 199 + [201]
    assert len({answer.json()["transaction_id"] for answer in answers}) == 1
    async with database.connection() as connection:
        query = "SELECT count(*) FROM transactions WHERE idempotency_key = 'one-key-for-all'"
        assert await connection.fetchval(query) == 1
