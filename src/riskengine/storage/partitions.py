"""Monthly partitions of `transactions` and `decisions`, made by the system itself before they are needed."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from riskengine.domain import clock
from riskengine.storage import queries
from riskengine.storage.database import Database

MONTHS_AHEAD = 2
"""Partitions that exist beyond the present month: two missed monthly runs do no harm."""

_LOCK = 0x7269736B  # "risk": serialises makers of partitions (an advisory lock of PostgreSQL)


async def ensure_ahead(database: Database, now_ms: int) -> None:
    """Makes the partitions of this month and the next ones."""
    await _create(database, _ahead(now_ms))


async def missing(database: Database, now_ms: int) -> list[str]:
    """Which of these are not there, as YYYY_MM. Raises Unavailable."""
    existing = {row["month"] for row in await database.fetch("partition_list")}
    return [name for name in map(_name, _ahead(now_ms)) if name not in existing]


async def ensure_for(database: Database, moments_ms: Iterable[int]) -> None:
    """Makes the partitions that transactions created at the given times need."""
    await _create(database, sorted({_first_of_month(ms) for ms in moments_ms}))


async def _create(database: Database, months: list[date]) -> None:
    existing = {row["month"] for row in await database.fetch("partition_list")}
    missing = [month for month in months if _name(month) not in existing]
    if not missing:
        return
    async with database.connection() as connection, connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
        for month in missing:
            statement = queries.text("partition_create")
            await connection.execute(
                statement.format(month=_name(month), start=_bound(month), end=_bound(_next(month)))
            )


def _ahead(now_ms: int) -> list[date]:
    months = [_first_of_month(now_ms)]
    for _ in range(MONTHS_AHEAD):
        months.append(_next(months[-1]))
    return months


def _first_of_month(ms: int) -> date:
    moment = clock.to_datetime(ms)
    return date(moment.year, moment.month, 1)


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _name(month: date) -> str:
    return f"{month:%Y_%m}"


def _bound(month: date) -> str:
    return datetime(month.year, month.month, 1, tzinfo=UTC).isoformat()
