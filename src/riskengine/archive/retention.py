"""Which months are past the time they are kept in PostgreSQL."""

from riskengine.archive import reach
from riskengine.domain.month import Month
from riskengine.storage import months
from riskengine.storage.database import Database


async def due(database: Database, now_ms: int, kept: int) -> list[Month]:
    """The months that queries see and that are older than the last `kept` months, oldest first.

    Those of which rows are still needed are left out, however few months are to be kept.
    """
    first_kept = Month.of(now_ms).plus(1 - kept)
    last = await reach.last_archivable(database, now_ms)
    found = await months.every(database)
    return [
        month
        for month, tables in found.items()
        if month < first_kept and month <= last and any(table.attached or table.detaching for table in tables.values())
    ]
