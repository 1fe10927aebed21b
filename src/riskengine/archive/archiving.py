"""Archiving a month: exported, read back and compared, noted, and only then taken out of what queries see."""

import asyncio
from pathlib import Path

import structlog

from riskengine.archive import exporting, manifest, reach, reading
from riskengine.archive.manifest import Contents, Manifest
from riskengine.archive.working import working
from riskengine.domain.errors import PartitionRefused
from riskengine.domain.month import Month
from riskengine.storage import archives, months, partitions
from riskengine.storage.archives import Archive
from riskengine.storage.database import Connection, Database

_log = structlog.get_logger()


async def refuse(database: Database, month: Month, now_ms: int) -> None:
    """Raises PartitionRefused if the month cannot be archived, with what to do about it."""
    tables = await months.of(database, month)
    if not any(table.attached or table.detaching for table in tables.values()):
        if await archives.find(database, month) is not None:
            raise PartitionRefused(f"{month} is archived already; `riskengine partitions list` says where")
        raise PartitionRefused(f"{month} has no partitions; `riskengine partitions list` shows the months there are")
    if month >= Month.of(now_ms):
        raise PartitionRefused(f"{month} is not over; archive months that are")
    last = await reach.last_archivable(database, now_ms)
    if month > last:
        raise PartitionRefused(
            f"{month} is still needed: the catalogue that runs makes histories again from rows that old; the"
            f" latest month that can be archived is {last}"
        )
    waiting = await months.pending(database, month)
    if waiting:
        raise PartitionRefused(
            f"{waiting:,} transactions of {month} are not decided; `riskengine dlq list` shows those that wait"
            " for somebody"
        )


async def archive(database: Database, month: Month, directory: Path, now_ms: int) -> Archive:
    """Archives a month into a directory, by its absolute path. Interrupted at any point, it goes on when called again.

    Its tables stay in PostgreSQL, where no query sees them, until they are dropped. Raises PartitionRefused.
    """
    await refuse(database, month, now_ms)
    async with working(database) as connection:
        found = await _exported(connection, month, directory, now_ms)
        done = Archive(
            month=month,
            directory=directory,
            manifest_sha256=manifest.write(directory, month, found),
            transactions=found.transactions.rows,
            decisions=found.decisions.rows,
            archived_at=found.archived_at,
        )
        await archives.put(database, done)
        await _detach(database, connection, done)
    _log.info("month_archived", month=str(month), directory=str(done.directory), transactions=done.transactions)
    return done


async def _exported(connection: Connection, month: Month, directory: Path, now_ms: int) -> Manifest:
    """The month in files that were read back and hold what PostgreSQL does."""
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        if await asyncio.to_thread(manifest.path(directory, month).exists):
            return await _again(connection, month, directory)
        schema = await connection.fetchval("SELECT version_num FROM alembic_version")
        contents = [
            await _file(connection, partitions.table(parent, month), directory) for parent in partitions.PARENTS
        ]
    return Manifest(manifest.FORMAT, str(month), schema, now_ms, *contents)


async def _file(connection: Connection, table: str, directory: Path) -> Contents:
    file = directory / f"{table}.parquet"
    exported = await exporting.export(connection, table, file)
    back = await asyncio.to_thread(reading.digest_of, file, exported.columns)
    if (back.rows, back.hex) != (exported.rows, exported.digest):
        raise PartitionRefused(
            f"{file} does not hold what {table} does: {back.rows:,} rows of {exported.rows:,} came back, or others;"
            " nothing was changed; archive to another disk"
        )
    size, sha256 = file.stat().st_size, await asyncio.to_thread(manifest.sha256_of, file)
    return Contents(file.name, exported.rows, exported.digest, size, sha256, exported.columns)


async def _again(connection: Connection, month: Month, directory: Path) -> Manifest:
    """What an interrupted run has exported, if it is still what PostgreSQL holds."""
    found = manifest.read(directory, month)
    for parent in partitions.PARENTS:
        contents, table = found.of(parent), partitions.table(parent, month)
        await asyncio.to_thread(manifest.check, directory, contents)
        digest = await exporting.digest_of(connection, table, contents.columns)
        if (digest.rows, digest.hex) != (contents.rows, contents.digest):
            raise PartitionRefused(
                f"{directory} has an archive of {month} that holds other rows than {table}; choose another directory"
            )
    return found


async def _detach(database: Database, connection: Connection, done: Archive) -> None:
    """Takes both tables out, unless rows came in since they were exported: then all is as before."""
    for table in (await months.of(database, done.month)).values():
        if table.attached or table.detaching:
            await months.detach(connection, table)
    counts = {"transactions": done.transactions, "decisions": done.decisions}
    for parent, rows in counts.items():
        if await months.count(connection, partitions.table(parent, done.month)) != rows:
            await _undo(connection, done)
            raise PartitionRefused(
                f"rows of {done.month} came in while it was archived; nothing was changed. Remove"
                f" {manifest.path(done.directory, done.month)}, and archive again"
            )


async def _undo(connection: Connection, done: Archive) -> None:
    async with connection.transaction():
        for parent in partitions.PARENTS:
            await months.attach(connection, parent, done.month)
        await archives.remove(connection, done.month)
