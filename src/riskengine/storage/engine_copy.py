"""What runs in one database, taken to another: releases, lists and snoozes, under the numbers that they have."""

from io import BytesIO

import msgspec

from riskengine.domain import clock
from riskengine.domain.errors import ConfigurationError
from riskengine.domain.release import Kind, Release, RunningVersions
from riskengine.storage import migrate, releases, running
from riskengine.storage.database import Database

_TABLES = ("lists", "list_entries", "snoozes")


class EngineCopy(msgspec.Struct, frozen=True):
    """What runs, the releases that it names with their contents, and the tables of lists in PostgreSQL's own form."""

    runs: RunningVersions
    contents: tuple[tuple[Release, bytes], ...]
    tables: dict[str, bytes]


async def take(database: Database) -> EngineCopy:
    """What runs in the database now; nothing is changed there.

    Raises ConfigurationError if its schema is not this version's, or nothing runs, and Unavailable.
    """
    schema = await migrate.standing(database)
    if schema.at != schema.head:
        raise ConfigurationError(
            f"the database's schema is at {schema.at}, not at {schema.head}: use a riskengine of its version, or run "
            "`riskengine migrate` on it"
        )
    runs = await running.get(database)
    named = [(kind, version) for kind in Kind if (version := runs.of(kind)) is not None]
    contents = [
        (await releases.get(database, kind, version), await releases.content(database, kind, version))
        for kind, version in named
    ]
    tables = {}
    async with database.connection() as connection:
        for name in _TABLES:
            rows = BytesIO()
            await connection.copy_from_table(name, output=rows, format="binary")
            tables[name] = rows.getvalue()
    return EngineCopy(runs, tuple(contents), tables)


async def put(copy: EngineCopy, database: Database) -> None:
    """Makes it what runs in a database with a schema, in which nothing runs yet. Raises Unavailable."""
    rows = [
        (r.kind, r.version, content, r.created_by, r.approved_by, r.note, clock.to_datetime(r.published_at))
        for r, content in copy.contents
    ]
    columns = ("kind", "version", "content", "created_by", "approved_by", "note", "published_at")
    runs = msgspec.structs.asdict(copy.runs)
    async with database.connection() as connection, connection.transaction():
        await connection.copy_records_to_table("releases", records=rows, columns=columns)
        for name, content in copy.tables.items():
            await connection.copy_to_table(name, source=BytesIO(content), format="binary")
        await connection.copy_records_to_table("running", records=[tuple(runs.values())], columns=tuple(runs))
