"""Statements through PgBouncer in transaction mode, where each may meet another session."""

import asyncio
from collections.abc import Iterator

import pytest

from riskengine.storage import partitions, running, submissions
from riskengine.storage.database import Database
from riskengine.storage.reach import Reach
from tests import factories
from tests.pgbouncer import PgBouncer


@pytest.fixture
def pooler(database_url: str) -> Iterator[PgBouncer]:
    pooler = PgBouncer(database_url)
    yield pooler
    pooler.stop()


async def test_many_share_few_sessions(pooler: PgBouncer, database: Database) -> None:
    # Given two pools of more connections than the pooler has to PostgreSQL
    pools = [
        await Database.connect(pooler.url, idle=2, most=8, name="test", reach=Reach(pooled=True)) for _ in range(2)
    ]

    async def work(pool: Database, number: int) -> int:
        async with pool.connection() as connection, connection.transaction():
            made = [factories.submission(f"{number}-{n}", account_id=f"a-{number}") for n in range(5)]
            stored = await submissions.store(connection, made)
        await partitions.ensure_for(pool, [1_000_000_000_000 + number * 40 * 86_400_000])
        assert (await running.get(pool)).ruleset == 1
        return len(stored)

    # When statements and transactions of all kinds run at once, then each is what it would be by itself
    stored = await asyncio.gather(*(work(pools[number % 2], number) for number in range(40)))
    assert stored == [5] * 40
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM pending") == 200
    for pool in pools:
        await pool.close()
