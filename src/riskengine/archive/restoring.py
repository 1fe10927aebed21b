"""Restoring a month: its rows back where queries see them, all of both tables or nothing."""

import asyncio
from pathlib import Path

import msgspec
import structlog

from riskengine.archive import columns, exporting, manifest, reading
from riskengine.archive.manifest import Contents, Manifest
from riskengine.archive.working import working
from riskengine.domain.errors import PartitionRefused
from riskengine.domain.month import Month
from riskengine.storage import archives, months, partitions
from riskengine.storage.database import Connection, Database
from riskengine.storage.months import Partition, Tables

_log = structlog.get_logger()


class _Source(msgspec.Struct, frozen=True):
    """What a table is brought back from, and where it lies."""

    contents: Contents
    directory: Path


async def restore(database: Database, month: Month, directory: Path | None = None) -> Manifest:
    """Brings an archived month back, from the directory if given, else from where it was archived to.

    Tables that are still there are taken, and files else; either way only if they hold the rows that were archived. The
    files stay as they are. Raises PartitionRefused, and then nothing is changed.
    """
    noted = await archives.find(database, month)
    tables = await months.of(database, month)
    if noted is None and tables:
        raise PartitionRefused(f"{month} has partitions in PostgreSQL; nothing is restored over them")
    place = directory or (noted.directory if noted else None)
    if place is None:
        raise PartitionRefused(f"{month} is not known to be archived; say where its archive lies with --from")
    found = manifest.read(place, month, noted.manifest_sha256 if noted else None)
    async with working(database) as connection:
        await _finish_detaching(connection, tables)
        async with connection.transaction():
            for parent in partitions.PARENTS:
                await _bring_back(connection, month, parent, tables.get(parent), _Source(found.of(parent), place))
            await archives.remove(connection, month)
    _log.info("month_restored", month=str(month), transactions=found.transactions.rows)
    return found


async def _finish_detaching(connection: Connection, tables: Tables) -> None:
    for table in tables.values():
        if table.detaching:
            await months.detach(connection, table)


async def _bring_back(
    connection: Connection, month: Month, parent: str, there: Partition | None, source: _Source
) -> None:
    """One of the two tables, within the connection's transaction."""
    name, contents = partitions.table(parent, month), source.contents
    if there is None:
        await asyncio.to_thread(manifest.check, source.directory, contents)
        await months.make(connection, parent, month)
        await _load(connection, name, source.directory / contents.file, contents)
    digest = await exporting.digest_of(connection, name, contents.columns)
    if (digest.rows, digest.hex) != (contents.rows, contents.digest):
        raise PartitionRefused(
            f"{name} would not hold what was archived: {digest.rows:,} rows of {contents.rows:,}, or others; nothing"
            " was changed; restore from another copy"
        )
    if there is None or not there.attached:
        await months.attach(connection, parent, month)


async def _load(connection: Connection, name: str, file: Path, contents: Contents) -> None:
    present = {column.name: column.type for column in await columns.of(connection, name)}
    for column in contents.columns:
        if present.get(column.name) != column.type:
            raise PartitionRefused(
                f"{file} has the column {column.name} of the type {column.type}, which {name} has not; restore it with"
                " the version of riskengine that archived it"
            )
    names = [column.name for column in contents.columns]
    chunks = reading.chunks(file, contents.columns)
    while rows := await asyncio.to_thread(next, chunks, None):
        await connection.copy_records_to_table(name, records=rows, columns=names, timeout=exporting.PATIENCE)
