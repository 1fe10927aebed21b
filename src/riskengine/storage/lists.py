"""Lists and snoozes in PostgreSQL as they are read: the state of any version, and what people look at."""

from collections.abc import AsyncIterator

import msgspec

from riskengine.domain import clock
from riskengine.domain.errors import NotFound
from riskengine.domain.listing import Entry, ListDefinition, Snooze
from riskengine.storage import queries
from riskengine.storage.database import Connection, Database, Row

PIECE = 2_000
"""Entries that are read in one go: a few milliseconds, after which others have their turn."""

READ_TIMEOUT = 60.0
"""Seconds that PostgreSQL may take for such a piece; the first waits for a scan of all entries."""


class ListSummary(msgspec.Struct, frozen=True):
    """A list, with the number of its entries; `expired` ones among them no longer count."""

    definition: ListDefinition
    entries: int
    expired: int


class StoredEntry(msgspec.Struct, frozen=True):
    """An entry as people look at it. Times are milliseconds since the epoch; None: it never expires."""

    value: str
    expires_at: int | None
    note: str
    added_by: str
    added_at: int


class StoredSnooze(msgspec.Struct, frozen=True):
    """A snooze as people look at it. `added_at` is milliseconds since the epoch."""

    snooze: Snooze
    note: str
    added_by: str
    added_at: int


class Known(msgspec.Struct, frozen=True):
    """A list as it stood at a version, and the version that it came in."""

    definition: ListDefinition
    added_in: int


class Listed(msgspec.Struct, frozen=True, gc=False):
    """An entry of a list."""

    name: str
    entry: Entry


async def at(connection: Connection, version: int) -> list[Known]:
    """The lists that there were at a version, by name."""
    rows = await connection.fetch(queries.text("lists_at"), version)
    return [Known(_definition(row), row["added_in"]) for row in rows]


async def removed(connection: Connection, since: int, version: int) -> AsyncIterator[Listed]:
    """The entries that were there at `since`, and not at a later version, within the connection's transaction."""
    async for row in _stream(connection, "list_entries_removed", since, version):
        yield Listed(row["list"], Entry(row["value"]))


async def added(connection: Connection, since: int, version: int) -> AsyncIterator[Listed]:
    """The entries of a version that came after `since`, within the connection's transaction; all, after -1."""
    async for row in _stream(connection, "list_entries_added", since, version):
        yield Listed(row["list"], Entry(row["value"], row["expires_ms"]))


async def snoozes_at(connection: Connection, version: int) -> list[Snooze]:
    """The snoozes of a version, those that had ended by themselves included."""
    rows = await connection.fetch(queries.text("snoozes_at"), version)
    return [Snooze(row["rule_id"], row["field"], row["value"], row["until_ms"]) for row in rows]


async def every(database: Database) -> list[ListSummary]:
    """The lists that there are now, by name."""
    return [_summary(row) for row in await database.fetch("list_summaries", None, clock.to_datetime(clock.now_ms()))]


async def get(database: Database, name: str) -> ListSummary:
    """One list. Raises NotFound."""
    row = await database.fetch_one("list_summaries", name, clock.to_datetime(clock.now_ms()))
    if row is None:
        raise no_list(name)
    return _summary(row)


async def page(database: Database, name: str, after: str | None, size: int) -> list[StoredEntry]:
    """Up to `size` entries that a list has now, by value, of those that come after a value."""
    return [_entry(row) for row in await database.fetch("list_entries_page", name, after, size)]


async def snoozes(database: Database) -> list[StoredSnooze]:
    """The snoozes that silence something now."""
    rows = await database.fetch("snoozes_present", clock.to_datetime(clock.now_ms()))
    return [_snooze(row) for row in rows]


def no_list(name: str) -> NotFound:
    """What to say of a list that there is not."""
    return NotFound(f"there is no list {name}; look at the lists there are, or create it")


async def _stream(connection: Connection, query: str, *arguments: object) -> AsyncIterator[Row]:
    """The rows of a statement, piece by piece."""
    cursor = await connection.cursor(queries.text(query), *arguments, timeout=READ_TIMEOUT)
    while rows := await cursor.fetch(PIECE, timeout=READ_TIMEOUT):
        for row in rows:
            yield row


def _definition(row: Row) -> ListDefinition:
    return ListDefinition(row["name"], row["kind"], row["effect"], row["field"], row["description"])


def _summary(row: Row) -> ListSummary:
    return ListSummary(_definition(row), row["entries"], row["expired"])


def _entry(row: Row) -> StoredEntry:
    expires_at = row["expires_at"]
    return StoredEntry(
        value=row["value"],
        expires_at=None if expires_at is None else clock.to_ms(expires_at),
        note=row["note"],
        added_by=row["added_by"],
        added_at=clock.to_ms(row["added_at"]),
    )


def _snooze(row: Row) -> StoredSnooze:
    snooze = Snooze(row["rule_id"], row["field"], row["value"], clock.to_ms(row["snoozed_until"]))
    return StoredSnooze(snooze, row["note"], row["added_by"], clock.to_ms(row["added_at"]))
