"""One SELECT over archived months and live ones together, in DuckDB: read only, and with nothing else in its reach."""

import asyncio
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from riskengine.archive import exporting, manifest
from riskengine.archive.columns import Column
from riskengine.domain.errors import ConfigurationError, InvalidInput
from riskengine.domain.month import Month
from riskengine.storage import archives, months, partitions
from riskengine.storage.database import Connection, Database

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "1GB"
"""What DuckDB may hold; beyond it, it writes to the temporary directory."""

_SHOWN_AS = {"uuid": "UUID", "numeric": "DECIMAL(38, 10)", "jsonb": "JSON"}
"""What lies in the files as text, and how a query sees it. No amount has more digits than that; NaN is NULL."""


class Answer(msgspec.Struct, frozen=True):
    """The names of the columns, all rows, and the months they were read from: archived, and live."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    archived: list[str]
    live: list[str]


class _Files(msgspec.Struct):
    """What the views read: files of each table, and the columns in any of them."""

    files: dict[str, list[Path]]
    columns: dict[str, dict[str, Column]]

    def add(self, parent: str, file: Path, found: Sequence[Column]) -> None:
        self.files[parent].append(file)
        self.columns[parent].update({column.name: column for column in found})


async def query(database: Database, statement: str, first: Month, last: Month) -> Answer:
    """What a SELECT says of the months from `first` to `last`, in which it sees `transactions` and `decisions`.

    The rows of live months are brought to a temporary directory first, of each table that the statement names.
    Raises InvalidInput for a statement that cannot be run, PartitionRefused for an archive that is missing or damaged.
    """
    _check(statement)
    archived = {archive.month: archive for archive in await archives.every(database)}
    tables = await months.every(database)
    wanted = [month for month in sorted(tables.keys() | archived.keys()) if first <= month <= last]
    parents = [parent for parent in partitions.PARENTS if re.search(rf"\b{parent}\b", statement, re.IGNORECASE)]
    live = [month for month in wanted if month not in archived]
    with tempfile.TemporaryDirectory(prefix="riskengine-query-") as place:
        files = _Files({parent: [] for parent in parents}, {parent: {} for parent in parents})
        for month in wanted:
            if month in archived:
                await asyncio.to_thread(_archived, archived[month], parents, files)
        async with (
            database.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await _empty(connection, Path(place), files)
            for month in live:
                await _export(connection, month, Path(place), files)
        names, rows = await asyncio.to_thread(_run, statement, files, Path(place))
    said = [str(month) for month in wanted if month in archived]
    return Answer(names, rows, said, [str(month) for month in live])


def _check(statement: str) -> None:
    """Raises InvalidInput unless it is one SELECT."""
    duckdb = _duckdb()
    try:
        with duckdb.connect() as connection:
            kinds = [found.type for found in connection.extract_statements(statement)]
    except duckdb.Error as error:
        raise InvalidInput((), f"the statement cannot be read: {error}") from error
    if kinds != [duckdb.StatementType.SELECT]:
        raise InvalidInput((), "give one SELECT, and nothing else: what is archived is never changed")


def _archived(archive: archives.Archive, parents: Sequence[str], files: _Files) -> None:
    found = manifest.read(archive.directory, archive.month, archive.manifest_sha256)
    for parent in parents:
        manifest.check(archive.directory, found.of(parent))
        files.add(parent, archive.directory / found.of(parent).file, found.of(parent).columns)


async def _empty(connection: Connection, place: Path, files: _Files) -> None:
    """A file without rows, so that each table is there and has its columns of today, whatever the months."""
    for parent in files.files:
        exported = await exporting.export(connection, parent, place / f"{parent}.parquet")
        files.add(parent, place / f"{parent}.parquet", exported.columns)


async def _export(connection: Connection, month: Month, place: Path, files: _Files) -> None:
    for parent in files.files:
        table = partitions.table(parent, month)
        exported = await exporting.export(connection, table, place / f"{table}.parquet")
        files.add(parent, place / f"{table}.parquet", exported.columns)


def _run(statement: str, files: _Files, place: Path) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Runs it where nothing can be read but the files, and nothing written."""
    duckdb = _duckdb()
    with duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(place / "spilled")}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        readable = ", ".join(_quoted(str(file)) for each in files.files.values() for file in each)
        connection.execute(f"SET allowed_paths = [{readable}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        for parent in files.files:
            connection.execute(_view(parent, files))
        return _fetched(connection, statement)


def _fetched(connection: "DuckDBPyConnection", statement: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    duckdb = _duckdb()
    try:
        found = connection.execute(statement)
        return [str(column[0]) for column in found.description or ()], found.fetchall()
    except duckdb.Error as error:
        raise InvalidInput((), f"the statement cannot be run: {error}") from error


def _view(parent: str, files: _Files) -> str:
    shown = ", ".join(
        f'TRY_CAST("{column.name}" AS {_SHOWN_AS[column.type]}) AS "{column.name}"'
        for column in files.columns[parent].values()
        if column.type in _SHOWN_AS
    )
    paths = ", ".join(_quoted(str(file)) for file in files.files[parent])
    return f"CREATE VIEW {parent} AS SELECT * REPLACE ({shown}) FROM read_parquet([{paths}], union_by_name = true)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError:
        raise ConfigurationError("to query archives needs DuckDB; install riskengine[archive]") from None
    return duckdb
