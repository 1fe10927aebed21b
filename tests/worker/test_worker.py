"""A worker that is told to stop finishes what it has begun, or hands it back in time."""

import asyncio

import pytest
from redis.asyncio import Redis

from riskengine import wiring
from riskengine.settings import Settings
from riskengine.storage import submissions
from riskengine.storage.database import Database
from riskengine.streaming import messages
from riskengine.streaming.redis_stream import RedisStream
from riskengine.worker.worker import Worker
from tests import factories


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    return Settings(database_url=database_url, redis_url=redis_url, worker_consumers=2, shutdown_deadline_ms=500)


async def _published(database: Database, queue: RedisStream, count: int) -> None:
    made = [factories.submission(account_id=f"a{n}") for n in range(count)]
    async with database.connection() as connection:
        await submissions.store(connection, made)
    await queue.publish([messages.encode(s.transaction) for s in made])


async def _until(condition: str, database: Database) -> None:
    async with asyncio.timeout(60), database.connection() as connection:
        while not await connection.fetchval(condition):
            await asyncio.sleep(0.02)


async def test_a_worker_stops_when_told_and_a_second_time_does_no_harm(
    settings: Settings, database: Database, queue: RedisStream, redis: Redis
) -> None:
    async with wiring.assemble(settings, name="test", idle=1, most=5) as parts:
        # Given a worker that has decided something, and added it to the rollups
        await _published(database, queue, 30)
        worker = Worker(parts, settings)
        running = asyncio.create_task(worker.run())
        await _until("SELECT count(*) = 30 FROM decisions", database)
        await _until("SELECT sum(count) = 30 FROM rollup_hours", database)
        # When it is told to stop, twice
        worker.stop()
        worker.stop()
        await asyncio.wait_for(running, 60)
    # Then nothing is left on the queue, and nobody of it in the group
    assert await queue.depth() == 0
    assert await redis.xinfo_consumers("transactions", "scoring-workers") == []


async def test_what_hangs_is_handed_back_when_the_time_is_up(
    settings: Settings, database: Database, queue: RedisStream
) -> None:
    async with wiring.assemble(settings, name="test", idle=1, most=5) as parts:
        # Given a worker whose statement hangs: somebody holds the accounts
        async with database.connection() as other, other.transaction():
            await other.execute("LOCK TABLE accounts IN EXCLUSIVE MODE")
            await _published(database, queue, 5)
            worker = Worker(parts, settings)
            running = asyncio.create_task(worker.run())
            await _until("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'", database)
            # When it is told to stop, then it does, though the statement would not end
            worker.stop()
            await asyncio.wait_for(running, 60)
        # And others have its messages at once
        assert len(await queue.take_over("other", 60 * 60_000, 10)) == 5
