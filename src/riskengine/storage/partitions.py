"""Monthly partitions of `transactions` and `decisions`, made by the system itself before they are needed."""

from collections.abc import Iterable
from contextlib import suppress
from itertools import count, takewhile

import asyncpg
import structlog

from riskengine.domain import clock
from riskengine.domain.errors import ConfigurationError
from riskengine.domain.month import Month
from riskengine.storage import archives, queries
from riskengine.storage.database import Connection, Database

PARENTS = ("transactions", "decisions")
"""The tables that are partitioned: each month has a partition of both."""

MONTHS_AHEAD = 2
"""Partitions that exist beyond the present month: two missed monthly runs do no harm."""

STORAGE = (
    "WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05,"
    " autovacuum_freeze_min_age = 0)"
)
"""Rows are inserted and never changed: each vacuum, one for every 5 % more, freezes what it reads, for good."""

SETTLED_AFTER_MS = clock.DAY
"""How long after its end a month is frozen: by then all that was accepted in it is decided, as a rule."""

FREEZE_TRIES = 3
"""How often a partition is visited in one go: of a page that others look at, PostgreSQL may freeze the rows and
not note that all is visible. A second visit is to such pages alone.
"""

FREEZE_TIMEOUT = 6 * 3_600.0
"""Seconds that freezing a month may take: reading and writing some 500 GB."""

_LOCK = 0x7269736B  # "risk": serialises makers of partitions (an advisory lock of PostgreSQL)
_log = structlog.get_logger()


async def ensure_ahead(database: Database, now_ms: int) -> None:
    """Makes the partitions of this month and the next ones."""
    await create(database, _ahead(now_ms))


async def missing(database: Database, now_ms: int) -> list[Month]:
    """Which of these are not there. Raises Unavailable."""
    existing = {row["month"] for row in await database.fetch("partition_list")}
    return [month for month in _ahead(now_ms) if month.suffix not in existing]


async def ahead(database: Database, now_ms: int) -> int:
    """For how many months after this one there are partitions, without a gap. Raises Unavailable."""
    existing = {row["month"] for row in await database.fetch("partition_list")}
    month = Month.of(now_ms)
    return sum(1 for _ in takewhile(lambda number: month.plus(number).suffix in existing, count(1)))


async def ensure_for(database: Database, moments_ms: Iterable[int]) -> None:
    """Makes the partitions that transactions created at the given times need. Raises what `create` does."""
    await create(database, sorted({Month.of(ms) for ms in moments_ms}))


async def create(database: Database, months: Iterable[Month]) -> list[Month]:
    """Makes the partitions of these months where they are missing; says of which months it did.

    Raises ConfigurationError if one is archived: its rows would lie in two places.
    """
    existing = {row["month"] for row in await database.fetch("partition_list")}
    missing = [month for month in months if month.suffix not in existing]
    if not missing:
        return []
    archived = {archive.month for archive in await archives.every(database)}
    for month in missing:
        if month in archived:
            raise ConfigurationError(
                f"{month} is archived, and takes no more rows; `riskengine partitions restore {month}` brings it back"
            )
    async with database.connection() as connection, connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
        for month in missing:
            await connection.execute(definition(month))
    return missing


def _ahead(now_ms: int) -> list[Month]:
    month = Month.of(now_ms)
    return [month.plus(ahead) for ahead in range(MONTHS_AHEAD + 1)]


def definition(month: Month) -> str:
    """The statements that make a month's partitions."""
    return queries.text("partition_create").format(
        month=month.suffix, start=month.start.isoformat(), end=month.plus(1).start.isoformat(), storage=STORAGE
    )


def table(parent: str, month: Month) -> str:
    """The name of a month's partition."""
    return f"{parent}_{month.suffix}"


async def freeze_closed(database: Database, now_ms: int) -> None:
    """Freezes what lies in months that are over, each once: their rows never change, and are never to be visited again.

    A month that another process is at is left to it. Where all is frozen, this only looks.
    """
    async with database.connection() as connection:
        for name in await _unfrozen(connection, now_ms):
            await _freeze(connection, name, now_ms)


async def _freeze(connection: Connection, name: str, now_ms: int) -> None:
    for _ in range(FREEZE_TRIES):
        with suppress(asyncpg.UndefinedTableError):  # it was dropped since it was listed
            await connection.execute(f"VACUUM (FREEZE, ANALYZE, SKIP_LOCKED) {name}", timeout=FREEZE_TIMEOUT)
            if name not in await _unfrozen(connection, now_ms):
                _log.info("partition_frozen", partition=name)
                return


async def _unfrozen(connection: Connection, now_ms: int) -> list[str]:
    rows = await connection.fetch(queries.text("partition_unfrozen"), _settled(now_ms))
    return [row["name"] for row in rows]


def _settled(now_ms: int) -> str:
    """The suffix of the first month that may still change."""
    return Month.of(now_ms - SETTLED_AFTER_MS).suffix
