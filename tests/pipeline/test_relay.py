"""The relay brings back what no stream holds, and never multiplies what one does."""

from datetime import timedelta

from redis.asyncio import Redis

from riskengine.domain import clock
from riskengine.domain.transaction import Transaction
from riskengine.pipeline.relay import MOST_AT_ONCE, Relay
from riskengine.storage import submissions
from riskengine.storage.database import Database
from riskengine.streaming import messages
from riskengine.streaming.queue import Queue
from riskengine.streaming.streams import STREAM
from tests import factories

AFTER_MS = 5_000
LIMIT = 100_000
LOST_LOCK = 0x7269736C


async def _pending(database: Database, count: int, *, published_ago: timedelta) -> list[Transaction]:
    """Transactions that were stored and, as PostgreSQL has it, published some time ago."""
    made = [factories.submission(account_id=f"a{n}") for n in range(count)]
    async with database.connection() as connection:
        await submissions.store(connection, made)
        await connection.execute("UPDATE pending SET published_at = now() - $1::interval", published_ago)
    return [submission.transaction for submission in made]


async def _published(queue: Queue) -> list[Transaction]:
    return [messages.decode(m.body) for m in await queue.read("one", 10_000, 10)]


async def test_what_never_reached_the_stream_is_published_once(database: Database, queue: Queue) -> None:
    # Given transactions that were committed before a crash, a while ago
    lost = await _pending(database, 5, published_ago=timedelta(seconds=30))
    relay = Relay(database, queue, after_ms=AFTER_MS, limit=LIMIT)
    # When the relay runs three times
    counts = [await relay.bring_back_lost() for _ in range(3)]
    # Then each is on the stream once, as it was
    assert counts == [5, 0, 0]
    assert sorted(await _published(queue), key=str) == sorted(lost, key=str)


async def test_what_may_be_on_its_way_is_left_alone(database: Database, queue: Queue) -> None:
    # Given transactions committed just now
    await _pending(database, 5, published_ago=timedelta(seconds=1))
    # When the relay runs, then it does nothing
    assert await Relay(database, queue, after_ms=AFTER_MS, limit=LIMIT).bring_back_lost() == 0


async def test_a_backlog_in_the_stream_is_not_multiplied(database: Database, queue: Queue, redis: Redis) -> None:
    # Given transactions that have been on the stream for ten minutes, some of them in the hands of a slow consumer
    ago = timedelta(minutes=10)
    backlog = await _pending(database, 10, published_ago=ago)
    published = clock.now_ms() - ago // timedelta(milliseconds=1)
    for number, transaction in enumerate(backlog):
        await redis.execute_command("XADD", STREAM, f"{published}-{number}", "d", messages.encode(transaction))
    await queue.read("slow", 4, 10)
    relay = Relay(database, queue, after_ms=AFTER_MS, limit=LIMIT)
    # When the relay looks, then it publishes nothing: all of it is still there
    assert await relay.bring_back_lost() == 0
    assert await queue.depth() == 10
    # But what was published before the oldest of them is there no more
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE pending SET published_at = now() - interval '11 min' WHERE transaction_id = $1",
            backlog[0].transaction_id,
        )
    assert await relay.bring_back_lost() == 1


async def test_a_lost_redis_is_filled_again_page_by_page(database: Database, queue: Queue, redis: Redis) -> None:
    # Given more pending transactions than go at once, and a server that lost them
    lost = await _pending(database, MOST_AT_ONCE + 200, published_ago=timedelta(minutes=1))
    await redis.flushall()
    relay = Relay(database, queue, after_ms=AFTER_MS, limit=LIMIT)
    # When the relay runs until it finds nothing
    counts = [await relay.bring_back_lost() for _ in range(3)]
    # Then all are on the stream once
    assert counts == [MOST_AT_ONCE, 200, 0]
    assert {t.transaction_id for t in await _published(queue)} == {t.transaction_id for t in lost}


async def test_a_full_stream_is_not_filled_further(database: Database, queue: Queue) -> None:
    # Given a stream of three messages that may hold five, and ten lost transactions, published before those
    await _pending(database, 10, published_ago=timedelta(minutes=1))
    await queue.publish(factories.outgoing(b"a", b"b", b"c"))
    relay = Relay(database, queue, after_ms=AFTER_MS, limit=5)
    # When the relay runs
    counts = [await relay.bring_back_lost() for _ in range(2)]
    # Then it adds what there is room for, and the rest waits until workers have made some
    assert counts == [2, 0]
    assert await queue.depth() == 5
    await queue.acknowledge(await queue.read("one", 4, 10))
    assert await relay.bring_back_lost() == 4


async def test_one_relay_at_a_time_looks(database: Database, queue: Queue) -> None:
    # Given lost transactions, and a relay that is at it: it holds the lock
    await _pending(database, 3, published_ago=timedelta(minutes=1))
    relay = Relay(database, queue, after_ms=AFTER_MS, limit=LIMIT)
    async with database.connection() as other, other.transaction():
        assert await other.fetchval("SELECT pg_try_advisory_xact_lock($1)", LOST_LOCK)
        # When another looks, then it leaves all to the first
        assert await relay.bring_back_lost() == 0
    assert await relay.bring_back_lost() == 3


async def test_what_failed_is_brought_back_when_it_is_due_and_no_sooner(database: Database, queue: Queue) -> None:
    # Given transactions that failed: one is due, one is not yet, and one is a dead letter
    due, later, dead = await _pending(database, 3, published_ago=timedelta(minutes=1))
    async with database.connection() as connection:
        for transaction, at in ((due, "now"), (later, "tomorrow"), (dead, "infinity")):
            await connection.execute(
                "UPDATE pending SET failures = 1, retry_at = $2::text::timestamptz WHERE transaction_id = $1",
                transaction.transaction_id,
                at,
            )
    relay = Relay(database, queue, after_ms=AFTER_MS, limit=LIMIT)
    # When the relay looks, twice
    counts = [await relay.bring_back_retries() for _ in range(2)]
    # Then the one that is due is on the stream, once, and still knows that it failed
    assert counts == [1, 0]
    assert await _published(queue) == [due]
    async with database.connection() as connection:
        failures = "SELECT failures FROM pending WHERE transaction_id = $1 AND retry_at IS NULL"
        assert await connection.fetchval(failures, due.transaction_id) == 1
    # And none of the others counts as lost
    assert await relay.bring_back_lost() == 0
