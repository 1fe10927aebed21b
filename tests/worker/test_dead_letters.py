"""A whole worker on real servers: what fails is tried again, dies, is corrected, replayed, and decided."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from riskengine import wiring
from riskengine.domain import clock
from riskengine.domain.dead_letter import DeadLetter
from riskengine.pipeline.dead_letters import DEFAULT_RATE, DeadLetters
from riskengine.settings import Settings
from riskengine.storage import dead_letters, decisions, submissions
from riskengine.storage.database import Database
from riskengine.storage.dead_letters import By, Selection
from riskengine.streaming import dead_letter_stream, messages
from riskengine.streaming.partitioned_stream import PartitionedStream
from riskengine.worker.worker import Worker
from tests import factories

FIRST_MS = 50
SHORTEST_MS = FIRST_MS * (1 + 2 + 4) * 0.9
"""From the first failure to the last, with all jitter the short way."""

PATIENCE = 60
"""Seconds after which what is waited for will not come."""


@asynccontextmanager
async def at_work(database_url: str, redis_url: str) -> AsyncIterator[None]:
    """A worker that tries again soon, until the end of the block."""
    settings = Settings(database_url=database_url, redis_url=redis_url, retry_first_ms=FIRST_MS)
    async with wiring.assemble(settings, name="test", idle=1, most=5) as parts:
        worker = Worker(parts, settings)
        running = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            worker.stop()
            await running


async def until(found: Callable[[], Awaitable[bool]]) -> None:
    """Returns once it is so."""
    async with asyncio.timeout(PATIENCE):
        while not await found():
            await asyncio.sleep(0.01)


async def letters(database: Database) -> list[DeadLetter]:
    return await dead_letters.page(database, Selection(), 10)


async def test_what_cannot_be_scored_dies_is_corrected_replayed_and_decided(
    database: Database, database_url: str, redis: Redis, redis_url: str
) -> None:
    # Given a batch with one transaction whose amount is no number, as a faulty import might store it
    batch = [factories.submission(account_id=f"a{n % 3}", amount="NaN" if n == 4 else "25.00") for n in range(12)]
    poison = batch[4].transaction.transaction_id
    neighbours = [one.transaction.transaction_id for one in batch if one.transaction.transaction_id != poison]
    async with database.connection() as connection:
        await submissions.store(connection, batch)
    queue = PartitionedStream(redis)
    await queue.publish([messages.outgoing(one.transaction) for one in batch])
    retried = REGISTRY.get_sample_value("riskengine_retried_total") or 0.0

    # When a worker takes it
    async with at_work(database_url, redis_url):
        await until(lambda: _any(letters(database)))
        (letter,) = await letters(database)
        # Then the transaction is dead after its fourth failure, and says why
        assert (letter.transaction_id, letter.retry_count, letter.status) == (poison, 3, "open")
        assert (letter.error_class, letter.error) == ("ValueError", "cannot convert NaN to integer ratio")
        assert "riskengine/scoring/" in letter.stack
        assert REGISTRY.get_sample_value("riskengine_retried_total") == retried + 3
        # And its neighbours did not wait for that
        for transaction_id in neighbours:
            decision = await decisions.get(database, transaction_id)
            assert decision is not None
            assert decision.decided_at + SHORTEST_MS <= letter.failed_at + 1
        assert await queue.depth() == 0
        # And who follows the stream of dead letters is told
        await until(lambda: _any(redis.xrange(dead_letter_stream.STREAM)))
        ((_, fields),) = await redis.xrange(dead_letter_stream.STREAM)
        message = {"transaction_id": str(poison), "account_id": letter.account_id, "retry_count": 3}
        assert msgspec.json.decode(fields[b"letter"])["message"] == message

        # When it is corrected and replayed
        async with database.connection() as connection:
            await connection.execute("UPDATE transactions SET amount = 12 WHERE transaction_id = $1", poison)
        replaying = DeadLetters(database, queue.publish)
        by = By("ann", "the amount was 12")
        done = await replaying.replay(Selection(error_class="ValueError"), by, most=10, rate=DEFAULT_RATE)
        assert (done.transactions, done.left_alone) == (1, ())
        # Then it is decided, once
        await until(lambda: _any(decisions.get(database, poison)))
    (letter,) = await letters(database)
    assert (letter.status, letter.changed_by) == ("decided", "ann")
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM decisions") == len(batch)
        assert await connection.fetchval("SELECT count(*) FROM pending") == 0


async def test_what_is_not_corrected_dies_again_with_all_its_tries(
    database: Database, database_url: str, redis: Redis, redis_url: str
) -> None:
    # Given a transaction that died
    poison = factories.submission(amount="NaN")
    async with database.connection() as connection:
        await submissions.store(connection, [poison])
    queue = PartitionedStream(redis)
    await queue.publish([messages.outgoing(poison.transaction)])
    async with at_work(database_url, redis_url):
        await until(lambda: _any(letters(database)))
        # When it is replayed as it is
        begun = clock.now_ms()
        await DeadLetters(database, queue.publish).replay(Selection(), By("ann"), most=1, rate=DEFAULT_RATE)
        await until(lambda: _two(letters(database)))
    # Then there is another letter, after as many tries, and the first is done with
    second, first = await letters(database)
    assert (first.status, second.status) == ("replayed", "open")
    assert (first.retry_count, second.retry_count) == (3, 3)
    assert first.fingerprint == second.fingerprint
    assert second.failed_at >= begun + SHORTEST_MS - 1
    # And replaying the first again does nothing
    again = await DeadLetters(database, queue.publish).replay(
        Selection(letter_ids=(first.letter_id,)), By("ann"), most=1, rate=DEFAULT_RATE
    )
    assert (again.transactions, [left.why for left in again.left_alone]) == (0, ["was replayed before"])


async def _any(found: Awaitable[object]) -> bool:
    return bool(await found)


async def _two(found: Awaitable[list[DeadLetter]]) -> bool:
    return len(await found) == 2
