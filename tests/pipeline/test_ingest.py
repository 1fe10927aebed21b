"""What is accepted is in PostgreSQL, once, and on its way to a worker."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from riskengine.domain.errors import IdempotencyConflict, Overloaded, Unavailable
from riskengine.pipeline.ingest import Ingest
from riskengine.pipeline.publisher import Publisher
from riskengine.pipeline.room import Room
from riskengine.resilience import redis as connections
from riskengine.storage.database import Database
from riskengine.streaming import messages
from riskengine.streaming.partitioned_stream import PartitionedStream
from riskengine.streaming.queue import Queue
from tests import factories

LIMIT = 100_000


@pytest.fixture
async def ingest(database: Database, queue: Queue) -> AsyncIterator[Ingest]:
    ingest = Ingest(database, Publisher(queue, limit=LIMIT), Room(1000))
    yield ingest
    await ingest.drain()


async def _stored(database: Database) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM transactions JOIN pending USING (transaction_id)"))


async def test_accepted_transactions_are_stored_and_published_in_order(
    ingest: Ingest, database: Database, queue: Queue
) -> None:
    # Given three hundred requests at once
    submissions = [factories.submission(account_id=f"a{n}") for n in range(300)]
    # When they are submitted
    receipts = await asyncio.gather(*map(ingest.submit, submissions))
    await ingest.drain()
    # Then each has its receipt, and is stored, pending and on the stream exactly as it came
    assert [r.transaction_id for r in receipts] == [s.transaction.transaction_id for s in submissions]
    assert [r.created_at for r in receipts] == [s.transaction.created_at for s in submissions]
    assert await _stored(database) == 300
    published = await queue.read("one", 1000, 10)
    assert [messages.decode(m.body) for m in published] == [s.transaction for s in submissions]


async def test_two_hundred_concurrent_requests_with_one_key_make_one_transaction(
    ingest: Ingest, database: Database, queue: Queue
) -> None:
    # Given one key in two hundred requests over two replicas
    twin = Ingest(database, Publisher(queue, limit=LIMIT), Room(1000))
    submissions = [factories.submission("one-key") for _ in range(200)]
    # When all are submitted at once
    receipts = await asyncio.gather(*((twin if n % 2 else ingest).submit(s) for n, s in enumerate(submissions)))
    await asyncio.gather(ingest.drain(), twin.drain())
    # Then all get the same transaction, one of them as new, and it is stored and published once
    assert len({r.transaction_id for r in receipts}) == 1
    assert [r.replayed for r in receipts].count(False) == 1
    assert await _stored(database) == 1
    assert await queue.depth() == 1


async def test_other_content_under_a_used_key_is_refused_alone(ingest: Ingest, database: Database) -> None:
    # Given a used key
    await ingest.submit(factories.submission("k", account_id="alice"))
    # When other content comes under it, among others
    results = await asyncio.gather(
        ingest.submit(factories.submission(account_id="bob")),
        ingest.submit(factories.submission("k", account_id="mallory")),
        ingest.submit(factories.submission(account_id="carol")),
        return_exceptions=True,
    )
    # Then only that one is refused
    assert [isinstance(result, IdempotencyConflict) for result in results] == [False, True, False]
    assert await _stored(database) == 3


async def test_a_batch_is_stored_whole_or_not_at_all(ingest: Ingest, database: Database, queue: Queue) -> None:
    # Given a used key, and a batch that uses it for other content at place 7
    await ingest.submit(factories.submission("k", account_id="alice"))
    batch = [factories.submission("k" if n == 7 else None, account_id=f"a{n}") for n in range(10)]
    # When the batch is submitted
    with pytest.raises(IdempotencyConflict) as refusal:
        await ingest.submit_batch(batch)
    # Then the place is named, and nothing of it is stored or published
    assert refusal.value.index == 7
    await ingest.drain()
    assert await _stored(database) == 1
    assert await queue.depth() == 1
    # And without it the rest is stored, replays included
    receipts = await ingest.submit_batch([*batch[:7], *batch[8:], factories.submission("k", account_id="alice")])
    assert [r.replayed for r in receipts] == [False] * 9 + [True]
    assert await _stored(database) == 10


async def test_a_row_that_postgresql_refuses_does_not_fail_its_neighbours(ingest: Ingest, database: Database) -> None:
    # Given a submission whose month has no partition, among good ones
    good = [factories.submission(account_id=f"a{n}") for n in range(5)]
    bad = factories.submission(of=factories.transaction(created_at=0))
    # When all are submitted at once
    results = await asyncio.gather(*map(ingest.submit, [*good, bad]), return_exceptions=True)
    # Then only that one fails
    assert [isinstance(result, Exception) for result in results] == [False] * 5 + [True]
    assert await _stored(database) == 5


async def test_without_redis_transactions_are_accepted_all_the_same(database: Database) -> None:
    # Given a queue that does not answer
    nowhere = connections.connect("redis://127.0.0.1:1/0", "test")
    ingest = Ingest(database, Publisher(PartitionedStream(nowhere), limit=LIMIT), Room(1000))
    # When transactions are submitted
    await asyncio.gather(*(ingest.submit(factories.submission()) for _ in range(50)))
    await ingest.drain()
    # Then they are accepted: durable and pending
    assert await _stored(database) == 50
    await nowhere.aclose()


async def test_without_postgresql_nothing_is_accepted(database: Database, queue: Queue) -> None:
    # Given a database that is gone
    ingest = Ingest(database, Publisher(queue, limit=LIMIT), Room(1000))
    await database.close()
    # When a transaction is submitted, then the sender hears what is away, and nothing is published
    with pytest.raises(Unavailable, match="postgresql"):
        await ingest.submit(factories.submission())
    assert await queue.depth() == 0


async def test_what_a_full_queue_has_no_room_for_is_left_to_the_relay(database: Database, queue: Queue) -> None:
    # Given a queue that may hold three messages
    ingest = Ingest(database, Publisher(queue, limit=3), Room(1000))
    # When five transactions are accepted one after the other
    for _ in range(5):
        await ingest.submit(factories.submission())
        await ingest.drain()
    # Then all are pending, and the queue is no longer than it may be
    assert await queue.depth() == 3
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM pending") == 5
    # And when there is room again, what comes is published at once
    await queue.acknowledge(await queue.read("one", 3, 10))
    await ingest.submit(factories.submission())
    await ingest.drain()
    assert await queue.depth() == 1


async def test_batches_and_singles_that_wait_are_counted_together(database: Database, queue: Queue) -> None:
    # Given room for ten, and a table that is locked
    room = Room(10)
    ingest = Ingest(database, Publisher(queue, limit=LIMIT), room)
    async with database.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE")
        # When a batch of seven and two singles wait
        batch = [asyncio.create_task(ingest.submit_batch([factories.submission() for _ in range(7)]))]
        singles = [asyncio.create_task(ingest.submit(factories.submission())) for _ in range(2)]
        while room.depth < 9:
            await asyncio.sleep(0)
        # Then there is room for one more, and for no batch of two
        with pytest.raises(Overloaded) as caught:
            await ingest.submit_batch([factories.submission() for _ in range(2)])
        assert caught.value.limit == "waiting"
        singles.append(asyncio.create_task(ingest.submit(factories.submission())))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await ingest.submit(factories.submission())
    # And when the lock is gone all that waited is stored, and the room is empty
    assert len(await batch[0]) + len(await asyncio.gather(*singles)) == 10
    await ingest.drain()
    assert (await _stored(database), room.depth) == (10, 0)


async def test_a_batch_larger_than_the_room_gets_in_when_it_is_empty(database: Database, queue: Queue) -> None:
    ingest = Ingest(database, Publisher(queue, limit=LIMIT), Room(3))
    assert len(await ingest.submit_batch([factories.submission() for _ in range(5)])) == 5
    await ingest.drain()
    assert await _stored(database) == 5


async def test_a_batch_that_failed_leaves_its_places(database: Database, queue: Queue) -> None:
    # Given a used key
    room = Room(10)
    ingest = Ingest(database, Publisher(queue, limit=LIMIT), room)
    await ingest.submit(factories.submission("k", account_id="alice"))
    # When a batch uses it for other content
    with pytest.raises(IdempotencyConflict):
        await ingest.submit_batch([factories.submission(), factories.submission("k", account_id="mallory")])
    # Then nobody waits
    await ingest.drain()
    assert room.depth == 0
