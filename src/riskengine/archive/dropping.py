"""Deleting what PostgreSQL still has of a month that no query sees."""

import asyncio

import structlog

from riskengine.archive import manifest
from riskengine.archive.working import working
from riskengine.domain.errors import PartitionRefused
from riskengine.domain.month import Month
from riskengine.storage import archives, months, partitions
from riskengine.storage.database import Database

_log = structlog.get_logger()


async def drop(database: Database, month: Month, *, without_archive: bool = False) -> int:
    """Deletes the detached tables of a month, whose archive was looked at first; returns the bytes on disk set free.

    `without_archive`: even if there is none, or it is damaged: the rows are gone then. Raises PartitionRefused.
    """
    tables = await months.of(database, month)
    if not tables:
        raise PartitionRefused(f"PostgreSQL has no tables of {month}; there is nothing to drop")
    if any(table.attached or table.detaching for table in tables.values()):
        raise PartitionRefused(f"{month} is live; `riskengine partitions archive {month}` comes first")
    if not without_archive:
        await _archive_is_whole(database, month)
    async with working(database) as connection, connection.transaction():
        await months.drop(connection, month)
    _log.info("month_dropped", month=str(month), archived=not without_archive)
    return sum(table.size for table in tables.values())


async def _archive_is_whole(database: Database, month: Month) -> None:
    noted = await archives.find(database, month)
    if noted is None:
        raise PartitionRefused(
            f"{month} is not archived, and its rows are nowhere else; to lose them, say --without-archive --yes"
        )
    found = manifest.read(noted.directory, month, noted.manifest_sha256)
    for parent in partitions.PARENTS:
        await asyncio.to_thread(manifest.check, noted.directory, found.of(parent))
