"""What pooling, statements of many rows and prepared statements save: the same work with and without, in turns."""

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

import asyncpg
import msgspec

from benchmarks.timing import rotated
from riskengine.domain import clock, ids
from riskengine.domain.transaction import Submission
from riskengine.storage import queries, submissions
from riskengine.storage.database import Connection

GROUPS = (1, 8, 32, 100, 256, 1_000)
"""Sizes of a group commit."""

TURNS, QUICK_TURNS = 60, 3
"""How often each is done."""

BATCH = 100
"""Rows in the statement that is compared with as many statements of one."""

Task = Callable[[], Awaitable[object]]


class Gain(msgspec.Struct, frozen=True):
    """Microseconds without and with, medians; `saved` is the share that is saved, beside what is claimed for it."""

    without_us: float
    with_us: float
    claimed: float

    @property
    def saved(self) -> float:
        """The share of the time that is saved, from 0 to 1."""
        return 1 - self.with_us / self.without_us


class Gains(msgspec.Struct, frozen=True):
    """Gains by name, and rows a second stored in groups of a size, one after another on one connection."""

    gains: dict[str, Gain]
    group_rows_per_s: dict[int, int]


async def measure(url: str, rows: Sequence[Submission], turns: int) -> Gains:
    """Measures on an otherwise idle PostgreSQL that has the schema; its rows are new each time."""
    prepared = await asyncpg.connect(url)
    unprepared = await asyncpg.connect(url, statement_cache_size=0)
    try:
        store = _Storing(prepared, rows)
        looks = [_look(prepared), _look(unprepared), _connect_and_look(url)]
        with_pool, unnamed, alone = await _medians(looks, turns * 5)
        one_by_one, together = await _medians([store.one_by_one, store.together], turns)
        groups = await _medians([store.group_of(size) for size in GROUPS], turns)
    finally:
        await prepared.close()
        await unprepared.close()
    return Gains(
        {
            "pooling: a query on a connection of its own": Gain(alone, with_pool, 0.9),
            f"batch: {BATCH} rows in statements of one": Gain(one_by_one, together, 0.8),
            "prepared: a query that is parsed and planned each time": Gain(unnamed, with_pool, 0.3),
        },
        {size: round(size / us * 1e6) for size, us in zip(GROUPS, groups, strict=True)},
    )


class _Storing:
    """Stores rows as the API does, each time under new ids and keys."""

    def __init__(self, connection: Connection, rows: Sequence[Submission]) -> None:
        self._connection = connection
        self._rows = rows
        self._numbers = count()

    async def one_by_one(self) -> None:
        for row in self._take(BATCH):
            await submissions.store(self._connection, [row])

    async def together(self) -> None:
        await submissions.store(self._connection, self._take(BATCH))

    def group_of(self, size: int) -> Task:
        async def store() -> None:
            await submissions.store(self._connection, self._take(size))

        return store

    def _take(self, size: int) -> list[Submission]:
        return [self._new() for _ in range(size)]

    def _new(self) -> Submission:
        number = next(self._numbers)
        row = self._rows[number % len(self._rows)]
        transaction = msgspec.structs.replace(row.transaction, transaction_id=ids.new())
        return Submission(transaction, f"gain-{number}", bytes(16))


def _look(connection: Connection) -> Task:
    async def look() -> None:
        await _query(connection)

    return look


def _connect_and_look(url: str) -> Task:
    async def look() -> None:
        connection = await asyncpg.connect(url)
        try:
            await _query(connection)
        finally:
            await connection.close()

    return look


async def _query(connection: Connection) -> None:
    """One of the queries that have something to plan: a transaction with its decision, by id."""
    transaction_id = ids.new()
    created_at = clock.to_datetime(ids.created_at_ms(transaction_id))
    await connection.fetch(queries.text("transaction_get"), transaction_id, created_at)


async def _medians(tasks: Sequence[Task], turns: int) -> list[float]:
    """The median microseconds of each task; they take turns."""
    found: list[list[float]] = [[] for _ in tasks]
    for task in tasks:
        await task()
    for turn in range(turns):
        for place in rotated(len(tasks), turn):
            started = time.perf_counter()
            await tasks[place]()
            found[place].append((time.perf_counter() - started) * 1e6)
    return [round(statistics.median(times), 1) for times in found]
