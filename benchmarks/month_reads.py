"""How long the hot reads take, and what the index and the partitions have to do with it."""

import random
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
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


async def reads(urls: Sequence[str], sizes: Sequence[int], count: int) -> list[Reads]:
    """Times both reads on each database, so many of each, of transactions drawn at random from all months.

    The databases take turns, so that the noise of the machine hits all alike, and each read is done once before it is
    timed, so that it finds its pages in memory.
    """
    async with AsyncExitStack() as opened:
        courses = [await _Course.start(await opened.enter_async_context(_database(url)), count) for url in urls]
        for place in range(min(len(course.drawn) for course in courses)):
            for course in courses:
                await course.take(place)
    return [
        Reads(size, _times(course.by_id), _times(course.pages)) for size, course in zip(sizes, courses, strict=True)
    ]


class _Course:
    """The reads on one database, and the milliseconds that each took."""

    def __init__(self, database: Database, drawn: Sequence[tuple[UUID, str]]) -> None:
        self.drawn = drawn
        self.by_id: list[float] = []
        self.pages: list[float] = []
        self._database = database

    @classmethod
    async def start(cls, database: Database, count: int) -> "_Course":
        async with database.connection() as connection:
            return cls(database, await _drawn(connection, count))

    async def take(self, place: int) -> None:
        """Does both reads of a place twice, and times the second."""
        transaction_id, account_id = self.drawn[place]
        for read, found in ((self._get(transaction_id), self.by_id), (self._page(account_id), self.pages)):
            await read()
            found.append(await _ms(read))

    def _get(self, transaction_id: UUID) -> Read:
        return lambda: records.get(self._database, transaction_id)

    def _page(self, account_id: str) -> Read:
        return lambda: records.page(self._database, Filter(account_id=account_id), None, PAGE)


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[Database]:
    database = await Database.connect(url, idle=1, most=1, name="reads")
    try:
        yield database
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


def _times(found: Sequence[float]) -> Times:
    ordered = sorted(found)
    return Times(round(statistics.median(ordered), 3), round(ordered[len(ordered) * 99 // 100], 3))


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
