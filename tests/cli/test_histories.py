"""`riskengine histories rebuild`: what Valkey lost is there again."""

import asyncio

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner

from riskengine.cli import histories
from riskengine.storage.database import Database
from tests import factories
from tests.cli import decided


async def test_what_was_lost_is_there_again(
    database_url: str, redis_url: str, database: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given the histories of three accounts, which are then lost
    transactions = [factories.transaction(f"account-{n % 3}", f"{n + 1}.50") for n in range(30)]
    await decided.decide(database, redis, transactions)
    before = {key: await redis.get(key) async for key in redis.scan_iter(match="history:*")}
    await redis.flushall()
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    # When they are rebuilt by command
    done = await asyncio.to_thread(CliRunner().invoke, histories.app, ["rebuild"], catch_exceptions=False)
    # Then it says so, and they are what they were
    assert done.exit_code == 0
    assert "3 histories are rebuilt" in done.output
    assert {key: await redis.get(key) for key in before} == before
