"""Rows of a table into a file, in the order of their keys and in bounded memory."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from itertools import count
from pathlib import Path

import msgspec
import polars as pl

from riskengine.archive import columns, manifest
from riskengine.archive.columns import Column
from riskengine.archive.digest import Digest
from riskengine.storage.database import Connection, Row

CHUNK = 10_000
"""Rows held at once: about 40 MB."""

GROUP = 50_000
"""Rows of a row group in the file: enough to be compressed well, few enough to be skipped or held."""

PATIENCE = 3_600.0
"""Seconds that the first rows may take: sorting some 10^8 keys, should the server choose to."""

ROUGH = 1
"""Level of compression of the pieces, which live for minutes."""

_KEY = "transaction_id, created_at"
_numbers = count()


class Exported(msgspec.Struct, frozen=True):
    """What lies in a file now: so many rows of these columns, and their digest as PostgreSQL gave them."""

    rows: int
    digest: str
    columns: tuple[Column, ...]


async def export(connection: Connection, table: str, file: Path) -> Exported:
    """Writes all rows of a table to a file, which is there whole or not at all.

    Within the connection's transaction. Raises PartitionRefused for columns that archives cannot hold.
    """
    found = await columns.of(connection, table)
    pieces = file.with_suffix(".pieces")
    shutil.rmtree(pieces, ignore_errors=True)
    pieces.mkdir(parents=True)
    try:
        digest = Digest()
        await _write(connection, table, found, pieces, digest)
        await asyncio.to_thread(_join, pieces, found, file)
    finally:
        shutil.rmtree(pieces, ignore_errors=True)
    return Exported(digest.rows, digest.hex, found)


async def digest_of(connection: Connection, table: str, found: Sequence[Column]) -> Digest:
    """The digest of these columns of all rows of a table. Within the connection's transaction."""
    digest = Digest()
    async for rows in _rows(connection, table, found):
        digest.take(tuple(row.values()) for row in rows)
    return digest


async def _write(connection: Connection, table: str, found: Sequence[Column], pieces: Path, digest: Digest) -> None:
    number = 0
    async for rows in _rows(connection, table, found):
        digest.take(tuple(row.values()) for row in rows)
        await asyncio.to_thread(_piece, rows, found, pieces / f"{number:08}.parquet")
        number += 1
    if not number:
        _piece([], found, pieces / "empty.parquet")


async def _rows(connection: Connection, table: str, found: Sequence[Column]) -> AsyncIterator[list[Row]]:
    """All rows in the order of their keys, so many at once. The cursor is closed: the table may be attached next."""
    name = f"archived_{next(_numbers)}"  # each its own: asyncpg remembers the columns of a statement by its text
    select = f"SELECT {', '.join(column.selected for column in found)} FROM ONLY {table} ORDER BY {_KEY}"
    await connection.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {select}")
    while rows := await connection.fetch(f"FETCH FORWARD {CHUNK} FROM {name}", timeout=PATIENCE):
        yield rows
    await connection.execute(f"CLOSE {name}")


def _piece(rows: Sequence[Row], found: Sequence[Column], file: Path) -> None:
    values = {column.name: [row[column.name] for row in rows] for column in found}
    pl.DataFrame(values, schema=columns.schema(found)).write_parquet(file, compression="zstd", compression_level=ROUGH)


def _join(pieces: Path, found: Sequence[Column], file: Path) -> None:
    draft = file.with_suffix(".part")
    scan = pl.scan_parquet(sorted(pieces.iterdir()), schema=columns.schema(found))
    scan.sink_parquet(draft, compression="zstd", row_group_size=GROUP)
    manifest.settle(draft, file)
