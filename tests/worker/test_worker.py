"""A worker takes what there is from all partitions; told to stop, it finishes what it has begun, or hands it back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from msgspec import structs
from redis.asyncio import Redis

from riskengine import wiring
from riskengine.domain.stream_partition import of
from riskengine.settings import Settings
from riskengine.storage import processes, running, submissions
from riskengine.storage.database import Database
from riskengine.storage.processes import Identity, State
from riskengine.streaming import messages
from riskengine.streaming.partitioned_stream import PartitionedStream
from riskengine.streaming.queue import Queue
from riskengine.worker import deaths, worker
from riskengine.worker.worker import Worker
from tests import factories
from tests.archive import months


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    return Settings(database_url=database_url, redis_url=redis_url, worker_consumers=2, shutdown_deadline_ms=500)


@asynccontextmanager
async def _working(settings: Settings) -> AsyncIterator[Worker]:
    """A worker with those settings; in the end it is stopped."""
    async with wiring.assemble(settings, name="test", idle=1, most=5) as parts:
        worker = Worker(parts, settings)
        task = asyncio.create_task(worker.run())
        yield worker
        worker.stop()
        await asyncio.wait_for(task, 60)


async def _published(database: Database, queue: Queue, count: int, account_ids: Sequence[str] = ()) -> None:
    accounts = account_ids or [f"a{n}" for n in range(count)]
    made = [factories.submission(account_id=accounts[n % len(accounts)]) for n in range(count)]
    async with database.connection() as connection:
        await submissions.store(connection, made)
    await queue.publish([messages.outgoing(s.transaction) for s in made])


async def _until(condition: str, database: Database) -> None:
    async with asyncio.timeout(60), database.connection() as connection:
        while not await connection.fetchval(condition):
            await asyncio.sleep(0.02)


async def test_a_worker_stops_when_told_and_a_second_time_does_no_harm(
    settings: Settings, database: Database, queue: Queue, redis: Redis
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


async def test_a_worker_freezes_months_that_are_over(settings: Settings, database: Database) -> None:
    # Given a decided month of long ago
    await months.fill(database, months.OLD, rows=3)
    # When a worker runs
    async with wiring.assemble(settings, name="test", idle=1, most=5) as parts:
        worker = Worker(parts, settings)
        running = asyncio.create_task(worker.run())
        # Then it is frozen
        frozen = f"SELECT relallfrozen > 0 FROM pg_class WHERE oid = 'decisions_{months.OLD.suffix}'::regclass"
        await _until(frozen, database)
        worker.stop()
        await asyncio.wait_for(running, 60)


async def test_what_hangs_is_handed_back_when_the_time_is_up(
    settings: Settings, database: Database, queue: Queue
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


FLOOD = 2_000


async def test_a_hot_account_holds_up_nobody_and_nothing_is_left_of_another_number_of_partitions(
    settings: Settings, database: Database, queue: Queue, redis: Redis
) -> None:
    # Given messages from when there was one partition, and then thousands of one account on one of four
    await _published(database, queue, 50, ["old"])
    four = PartitionedStream(redis, 4)
    await _published(database, four, FLOOD, ["hot"])
    others = [f"a{n}" for n in range(40) if of(f"a{n}", 4) != of("hot", 4)]
    async with _working(structs.replace(settings, stream_partitions=4)):
        await _until("SELECT count(*) > 200 FROM decisions WHERE account_id = 'hot'", database)
        # When others have something while a worker is in the midst of that
        await _published(database, four, 3 * len(others), others)
        # Then they are decided while the flood is still long
        await _until(f"SELECT count(*) = {3 * len(others)} FROM decisions WHERE account_id LIKE 'a%'", database)
        async with database.connection() as connection:
            left = await connection.fetchval(
                "SELECT count(*) FROM pending JOIN transactions USING (transaction_id) WHERE account_id = 'hot'"
            )
        assert left > FLOOD / 4
        # And in the end all is decided, once, and the old stream is gone
        await _until("SELECT count(*) = 0 FROM pending", database)
        await _until("SELECT max(rate) > 0 FROM processes", database)  # and the worker says how fast it was
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM decisions") == 50 + FLOOD + 3 * len(others)
    await PartitionedStream(redis, 4).backlogs()
    assert not await redis.exists("transactions")
    assert await four.depth() == 0


async def test_what_a_dead_worker_had_is_decided_without_waiting_for_long(
    settings: Settings, database: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given messages in the hands of a worker that is heard of no more, and others of one that lives
    monkeypatch.setattr(deaths, "SOUND_FOR", 0.0)
    monkeypatch.setattr(worker, "DEAD_IDLE_MS", 0)
    four = PartitionedStream(redis, 4)
    await _published(database, four, 20)
    dead = await four.read("worker-gone-1-0", 100, 1)
    await _published(database, four, 20)
    alive = await four.read("worker-host-2-0", 100, 1)
    state = State(await running.get(database))
    await processes.renew(database, Identity("worker-host-2", "worker", 1_000), state)
    async with database.connection() as connection:
        await connection.execute("UPDATE processes SET seen_at = now() + interval '1 h'")  # however slow all this is
    assert (len(dead), len(alive)) == (20, 20)
    # When a worker comes that would wait for an hour for what seems to be at work
    async with _working(structs.replace(settings, stream_partitions=4, worker_takeover_idle_ms=3_600_000)):
        await _until("SELECT count(*) >= 20 FROM decisions", database)
    # Then it has taken over what the dead one had, and that alone
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM decisions") == 20
    assert {name: held for name, held in (await four.holders()).items() if held} == {"worker-host-2-0": 20}
