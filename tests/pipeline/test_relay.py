"""The relay brings back what no stream holds, and never multiplies what one does."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from riskengine.domain import clock
from riskengine.domain.stream_partition import bucket, of
from riskengine.domain.transaction import Transaction
from riskengine.pipeline.relay import MOST_AT_ONCE, MOST_LOOKED_AT, Relay
from riskengine.storage import queries, submissions
from riskengine.storage.database import Database
from riskengine.streaming import messages, streams
from riskengine.streaming.partitioned_stream import PartitionedStream
from riskengine.streaming.queue import Outgoing, Queue
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


HOT = "hot"
COLD = next(f"cold-{n}" for n in range(100) if of(f"cold-{n}", 4) != of(HOT, 4))


@pytest.fixture
def four(redis: Redis) -> PartitionedStream:
    """The queue with four partitions."""
    return PartitionedStream(redis, 4)


async def _of_account(database: Database, account_id: str, count: int, ago: timedelta) -> list[Transaction]:
    """Transactions of an account, stored and, as PostgreSQL has it, published some time ago."""
    made = [factories.submission(account_id=account_id) for _ in range(count)]
    ids = [submission.transaction.transaction_id for submission in made]
    async with database.connection() as connection:
        await submissions.store(connection, made)
        update = "UPDATE pending SET published_at = now() - $1::interval WHERE transaction_id = ANY ($2)"
        await connection.execute(update, ago, ids)
    return [submission.transaction for submission in made]


async def _on_stream(redis: Redis, name: str, transactions: list[Transaction], ago: timedelta) -> None:
    """Puts them on a stream, as of some time ago."""
    published = clock.now_ms() - ago // timedelta(milliseconds=1)
    for number, transaction in enumerate(transactions):
        await redis.execute_command("XADD", name, f"{published}-{number}", "d", messages.encode(transaction))


async def test_what_is_lost_is_judged_by_its_own_partition(
    database: Database, four: PartitionedStream, redis: Redis
) -> None:
    # Given an account with a backlog of ten minutes, and one of another partition that lost what came after that
    ago = timedelta(minutes=10)
    backlog = await _of_account(database, HOT, 10, ago)
    await _on_stream(redis, streams.names(4)[of(HOT, 4)], backlog, ago)
    lost = await _of_account(database, COLD, 3, timedelta(minutes=1))
    relay = Relay(database, four, after_ms=AFTER_MS, limit=LIMIT)
    # When the relay looks, Then it brings back the one, and does not multiply the other
    assert [await relay.bring_back_lost() for _ in range(2)] == [3, 0]
    assert {each.stream: each.depth for each in await four.backlogs() if each.depth} == {
        streams.names(4)[of(HOT, 4)]: 10,
        streams.names(4)[of(COLD, 4)]: 3,
    }
    found = [messages.decode(m.body) for m in await four.read("one", 100, 1) if of(COLD, 4) == _number(m.stream)]
    assert sorted(found, key=str) == sorted(lost, key=str)


async def test_what_is_on_a_stream_of_another_number_is_not_multiplied(
    database: Database, four: PartitionedStream, redis: Redis
) -> None:
    # Given a backlog on the one stream there was before
    ago = timedelta(minutes=10)
    await _on_stream(redis, streams.STREAM, await _of_account(database, HOT, 5, ago), ago)
    await _of_account(database, COLD, 5, timedelta(minutes=9))
    relay = Relay(database, four, after_ms=AFTER_MS, limit=LIMIT)
    # When a relay of four partitions looks, Then it takes nothing for lost that may be on that stream
    assert await relay.bring_back_lost() == 0
    # But what is older than all of it
    await _of_account(database, COLD, 1, timedelta(minutes=11))
    assert await relay.bring_back_lost() == 1


async def test_the_limit_is_of_all_partitions_together(database: Database, four: PartitionedStream) -> None:
    # Given two partitions with two messages each, and five lost transactions of a third account
    await four.publish([Outgoing(name, b"x") for name in (HOT, HOT, COLD, COLD)])
    await _of_account(database, COLD, 5, timedelta(minutes=1))
    # When the relay of a queue for six looks, Then there is room for two
    assert await Relay(database, four, after_ms=AFTER_MS, limit=6).bring_back_lost() == 2
    assert await four.depth() == 6


async def test_postgresql_knows_the_same_buckets(database: Database) -> None:
    # Given transactions of accounts with any names
    names = [
        "acc-1",
        "M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller",
        "\N{HIRAGANA LETTER A}" * 40,
        "'",
        "\\",
        " ",
        HOT,
        COLD,
    ]
    made = [factories.submission(account_id=name) for name in names]
    async with database.connection() as connection:
        await submissions.store(connection, made)
        rows = await connection.fetch("SELECT account_id, bucket FROM pending JOIN transactions USING (transaction_id)")
    # Then each is in the bucket in which Python sees its account
    assert {row["account_id"]: row["bucket"] for row in rows} == {name: bucket(name) for name in names}


async def test_looking_costs_little_however_long_the_backlog(database: Database) -> None:
    # Given a hundred thousand pending transactions of one partition, long published and all of them on its stream
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO pending (transaction_id, created_at, published_at, bucket)"
            " SELECT gen_random_uuid(), now(), now() - interval '10 min' + n * interval '1 ms', $1"
            " FROM generate_series(1, 100000) AS n",
            bucket(HOT),
        )
        await connection.execute("ANALYZE pending")
        began: list[datetime | None] = [None] * 4
        began[of(HOT, 4)] = datetime.now(UTC) - timedelta(minutes=11)
        # When the relay looks
        plan = await connection.fetch(
            "EXPLAIN (ANALYZE, SUMMARY OFF, FORMAT JSON) " + queries.text("relay_lost"),
            *(began, timedelta(seconds=5), MOST_AT_ONCE, LOST_LOCK, MOST_LOOKED_AT),
        )
    nodes = list(_nodes(json.loads(plan[0][0])[0]["Plan"]))
    # Then it reads the oldest ones by their index, and all others by their key
    used = {node.get("Index Name") for node in nodes if node.get("Relation Name") == "pending"} - {None}
    assert used == {"pending_published", "pending_pkey"}
    assert not [node for node in nodes if node["Node Type"] == "Seq Scan" and node.get("Relation Name") == "pending"]
    (first,) = [node for node in nodes if node.get("Index Name") == "pending_published"]
    assert first["Actual Rows"] == MOST_LOOKED_AT
    assert first.get("Rows Removed by Filter", 0) == 0


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)


def _number(stream: str) -> int:
    return streams.names(4).index(stream)
