"""Which months are archived, in PostgreSQL. What an archive holds is said by the manifest that lies with its files."""

from datetime import date
from pathlib import Path
from uuid import UUID

import msgspec

from riskengine.domain import clock, ids
from riskengine.domain.month import Month
from riskengine.storage import queries
from riskengine.storage.database import Connection, Database, Row


class Archive(msgspec.Struct, frozen=True):
    """A month that was archived: where to, when (ms), and the SHA-256 of its manifest, which vouches for the rest."""

    month: Month
    directory: Path
    manifest_sha256: str
    transactions: int
    decisions: int
    archived_at: int


async def every(database: Database) -> list[Archive]:
    """All months that are archived, oldest first."""
    return [_from_row(row) for row in await database.fetch("archive_list")]


async def find(database: Database, month: Month) -> Archive | None:
    """The archive of a month; None if it has none."""
    return next((archive for archive in await every(database) if archive.month == month), None)


async def holding(database: Database, transaction_id: UUID) -> Month | None:
    """The month of a transaction, whose id says when it was made, if that month is archived."""
    archive = await find(database, Month.of(ids.created_at_ms(transaction_id)))
    return None if archive is None else archive.month


async def put(database: Database, archive: Archive) -> None:
    """Notes that a month is archived."""
    await database.fetch(
        "archive_put",
        _date(archive.month),
        str(archive.directory),
        archive.manifest_sha256,
        archive.transactions,
        archive.decisions,
        clock.to_datetime(archive.archived_at),
    )


async def remove(connection: Connection, month: Month) -> None:
    """Notes, within the connection's transaction, that a month is archived no more."""
    await connection.execute(queries.text("archive_remove"), _date(month))


async def end_ms(database: Database) -> int:
    """The end (ms) of the latest month that is archived: what is computed from before needs it restored. 0: none is."""
    return max((archive.month.end_ms for archive in await every(database)), default=0)


def _date(month: Month) -> date:
    return date(month.year, month.month, 1)


def _from_row(row: Row) -> Archive:
    return Archive(
        month=Month(row["month"].year, row["month"].month),
        directory=Path(row["directory"]),
        manifest_sha256=row["manifest_sha256"],
        transactions=row["transactions"],
        decisions=row["decisions"],
        archived_at=clock.to_ms(row["archived_at"]),
    )
