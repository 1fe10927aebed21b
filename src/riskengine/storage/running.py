"""What all processes are to run, in PostgreSQL: one row, changed by one at a time, and who changed it."""

import msgspec

from riskengine.domain import clock
from riskengine.domain.errors import ConfigurationError
from riskengine.domain.release import Kind, Publication, RunningVersions
from riskengine.storage import queries
from riskengine.storage.database import Connection, Database, Row


class Change(msgspec.Struct, frozen=True):
    """A change of what runs: `kind` and `action` are those of a Publication."""

    kind: str
    version: int | None
    action: str
    by: str
    note: str


async def get(database: Database) -> RunningVersions:
    """What is to run now. Raises ConfigurationError if nothing was ever published."""
    return _of(await database.fetch_one("running_get"))


async def lock(connection: Connection) -> RunningVersions:
    """What is to run, and stays so until the connection's transaction ends: the next publisher waits for it."""
    return _of(await connection.fetchrow(queries.text("running_lock")))


async def change(connection: Connection, wanted: Change) -> Publication:
    """Makes a change within the connection's transaction; once it is committed, the processes are told."""
    row = await connection.fetchrow(
        queries.text("running_change"), wanted.kind, wanted.version, wanted.action, wanted.by, wanted.note
    )
    if row is None:
        raise _nothing_runs()
    return _publication(row)


async def history(database: Database, kind: Kind | None, limit: int) -> list[Publication]:
    """The last changes, newest first; of all kinds if none is given."""
    return [_publication(row) for row in await database.fetch("publication_history", kind, limit)]


def from_row(row: Row) -> RunningVersions:
    """The versions in a row of `running` or `processes`."""
    return RunningVersions(
        row["generation"], row["ruleset"], row["catalogue"], row["rates"], row["model"], row["lists"]
    )


def _of(row: Row | None) -> RunningVersions:
    if row is None:
        raise _nothing_runs()
    return from_row(row)


def _nothing_runs() -> ConfigurationError:
    return ConfigurationError("the database has no rule set that runs; run `riskengine migrate`")


def _publication(row: Row) -> Publication:
    return Publication(
        generation=row["generation"],
        kind=row["kind"],
        version=row["version"],
        previous=row["previous"],
        action=row["action"],
        published_by=row["published_by"],
        note=row["note"],
        published_at=clock.to_ms(row["published_at"]),
    )
