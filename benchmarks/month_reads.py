"""How long the hot reads take, and what the index and the partitions have to do with it."""

import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
import msgspec

from riskengine.domain import clock, ids
from riskengine.storage import queries, records
from riskengine.storage.database import Database
from riskengine.storage.records import Filter

PAGE = 50
"""Rows of a page."""

SEED = 7

_MONTH = "SELECT count(*), sum(amount) FROM transactions WHERE created_at >= $1 AND created_at < $2"

Read = Callable[[], Awaitable[object]]


class Times(msgspec.Struct, frozen=True):
    """Milliseconds of one read: half were quicker than p50, one in a hundred slower than p99."""

    p50: float
    p99: float


class Reads(msgspec.Struct, frozen=True):
    """The hot reads on a database of so many rows."""

    rows: int
    by_id: Times
    newest_of_account: Times


class Gain(msgspec.Struct, frozen=True):
    """A read without something and with it: milliseconds (medians), and how much less it takes, in per cent."""

    what: str
    without_ms: float
    with_ms: float
    less: float


async def reads(url: str, rows: int, count: int) -> Reads:
    """Times both, so many times each, on one connection, of transactions drawn at random from all months."""
    database = await Database.connect(url, idle=1, most=1, name="reads")
    try:
        async with database.connection() as connection:
            drawn = await _drawn(connection, count)
        by_id = [_get(database, transaction_id) for transaction_id, _ in drawn]
        pages = [_page(database, account_id) for _, account_id in drawn]
        return Reads(rows, await _times(by_id), await _times(pages))
    finally:
        await database.close()


async def gains(url: str) -> list[Gain]:
    """What the index of accounts and the pruning of partitions spare, each taken away and put back."""
    connection = await asyncpg.connect(url, server_settings={"jit": "off"}, command_timeout=600)
    try:
        return [await _index(connection), await _pruned_lookup(connection), await _pruned_month(connection)]
    finally:
        await connection.close()


async def _index(connection: asyncpg.Connection) -> Gain:
    account_id = await connection.fetchval("SELECT account_id FROM transactions ORDER BY created_at DESC LIMIT 1")
    text, bounds = queries.text("records_of_account"), _bounds()
    read = _fetch(connection, text, *bounds, account_id, False, None)
    having = await _median(read)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("DROP INDEX transactions_account_created")
    lacking = await _median(read, times=1)
    await transaction.rollback()
    return _gain("an account's newest page, with the index (account_id, created_at)", lacking, having)


async def _pruned_lookup(connection: asyncpg.Connection) -> Gain:
    row = await connection.fetchrow("SELECT transaction_id, created_at FROM transactions ORDER BY created_at LIMIT 1")
    return await _pruned(
        connection, "one transaction by id", queries.text("transaction_get"), row["transaction_id"], row["created_at"]
    )


async def _pruned_month(connection: asyncpg.Connection) -> Gain:
    end = clock.to_datetime(clock.now_ms())
    return await _pruned(connection, "the sum over 30 days", _MONTH, end - timedelta(days=30), end)


async def _pruned(connection: asyncpg.Connection, what: str, text: str, *arguments: object) -> Gain:
    read = _fetch(connection, text, *arguments)
    having = await _median(read)
    await connection.execute("SET enable_partition_pruning = off")
    lacking = await _median(read)
    await connection.execute("RESET enable_partition_pruning")
    return _gain(f"{what}, with pruning of partitions", lacking, having)


def _fetch(connection: asyncpg.Connection, text: str, *arguments: object) -> Read:
    async def read() -> object:
        return await connection.fetch(text, *arguments)

    return read


def _get(database: Database, transaction_id: UUID) -> Read:
    return lambda: records.get(database, transaction_id)


def _page(database: Database, account_id: str) -> Read:
    return lambda: records.page(database, Filter(account_id=account_id), None, PAGE)


async def _drawn(connection: asyncpg.Connection, count: int) -> list[tuple[UUID, str]]:
    """Transactions and accounts, each month's share as likely as any; the same in each run on the same rows."""
    names = await connection.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'transactions'::regclass ORDER BY 1"
    )
    drawn: list[tuple[UUID, str]] = []
    for name in (row["name"] for row in names):
        rows = await connection.fetch(
            f"SELECT transaction_id, account_id FROM {name}"
            f" TABLESAMPLE BERNOULLI (10) REPEATABLE ({SEED}) LIMIT {count}"
        )
        drawn += [(UUID(bytes=row["transaction_id"].bytes), row["account_id"]) for row in rows]
    random.Random(SEED).shuffle(drawn)
    return drawn[:count]


async def _times(tasks: Sequence[Read]) -> Times:
    for task in tasks[: len(tasks) // 10]:
        await task()
    found = sorted([await _ms(task) for task in tasks])
    return Times(round(statistics.median(found), 3), round(found[len(found) * 99 // 100], 3))


async def _median(task: Read, times: int = 5) -> float:
    if times > 1:
        await task()
    return statistics.median([await _ms(task) for _ in range(times)])


async def _ms(task: Read) -> float:
    before = time.perf_counter()
    await task()
    return (time.perf_counter() - before) * 1_000


def _gain(what: str, lacking: float, having: float) -> Gain:
    return Gain(what, round(lacking, 2), round(having, 2), round(100 * (1 - having / lacking), 1))


def _bounds() -> tuple[object, ...]:
    latest = records.LAST_TIME
    return (ids.first(0), ids.first(latest), clock.to_datetime(0), clock.to_datetime(latest), PAGE + 1)
