"""Where PostgreSQL keeps a database."""

from pathlib import Path

import msgspec

from riskengine.storage.database import Database


class Disk(msgspec.Struct, frozen=True):
    """The database has so many bytes, in the server's `directory`: None if that is elsewhere, or not to be known."""

    bytes: int
    directory: Path | None


async def get(database: Database) -> Disk:
    """Where the server keeps it. Raises Unavailable."""
    row = await database.fetch_one("disk")
    assert row is not None, "disk.sql has one row"
    here = row["local"] and row["directory"] is not None
    return Disk(row["bytes"], Path(row["directory"]) if here else None)
