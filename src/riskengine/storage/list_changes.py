"""Changing lists and snoozes in PostgreSQL, within the transaction that makes the next version of them."""

from collections.abc import AsyncIterable, Collection, Sequence
from datetime import datetime

import msgspec

from riskengine.domain import clock
from riskengine.domain.listing import ListDefinition, Snooze, StarterList
from riskengine.storage import queries
from riskengine.storage.database import Connection, Database

LONG = 600.0
"""Seconds that one statement over the largest import may take; the engine decides meanwhile as before."""

_COLUMNS = ("row_number", "value", "expires_at", "note")


class IncomingEntry(msgspec.Struct, frozen=True, gc=False):
    """An entry on its way in: where it stood in what was sent, value, end (None: never) and note."""

    row_number: int
    value: str
    expires_at: datetime | None
    note: str


class Contradiction(msgspec.Struct, frozen=True):
    """Two rows with one value, and another end or note."""

    row_number: int
    first_row: int


class Merged(msgspec.Struct, frozen=True):
    """How many entries came, and how many ended; one that got another end or note did both."""

    added: int
    removed: int


async def create(connection: Connection, definition: ListDefinition, version: int) -> None:
    """Keeps a new list."""
    arguments = (definition.name, definition.kind, definition.effect, definition.field, definition.description)
    await connection.execute(queries.text("list_create"), *arguments, version)


async def drop(connection: Connection, name: str, version: int) -> int | None:
    """Ends a list, and says how many entries it had; None if there is no such list."""
    row = await connection.fetchrow(queries.text("list_drop"), name, version, timeout=LONG)
    return None if row is None else int(row["removed"])


async def stage(connection: Connection, entries: AsyncIterable[IncomingEntry], most: int) -> list[Contradiction]:
    """Puts entries where `merge` finds them, in the same transaction. Returns up to `most` contradictions."""
    await connection.execute(queries.text("list_incoming"))
    records = ((each.row_number, each.value, each.expires_at, each.note) async for each in entries)
    await connection.copy_records_to_table("incoming_entries", records=records, columns=_COLUMNS, timeout=LONG)
    await connection.execute("ANALYZE incoming_entries", timeout=LONG)
    rows = await connection.fetch(queries.text("list_incoming_contradictions"), most, timeout=LONG)
    return [Contradiction(row["row_number"], row["first_row"]) for row in rows]


async def merge(connection: Connection, name: str, version: int, by: str, *, replace: bool) -> Merged:
    """Stores what was staged. With `replace`, entries that are not among it end."""
    row = await connection.fetchrow(queries.text("list_merge"), name, version, by, replace, timeout=LONG)
    return Merged(row["added"], row["removed"])


async def take_out(connection: Connection, name: str, values: Sequence[str], version: int) -> Collection[str]:
    """Ends entries; returns the values that were there."""
    rows = await connection.fetch(queries.text("list_take_out"), name, values, version)
    return {row["value"] for row in rows}


async def snooze(connection: Connection, wanted: Snooze, note: str, by: str, version: int) -> None:
    """Keeps a snooze, in place of one for the same rule and entity."""
    until = clock.to_datetime(wanted.until)
    await connection.execute(
        queries.text("snooze_put"), wanted.rule_id, wanted.field, wanted.value, until, note, by, version
    )


async def unsnooze(connection: Connection, rule_id: str, field: str, value: str, version: int) -> bool:
    """Ends a snooze; says whether it was there."""
    return await connection.fetchrow(queries.text("snooze_end"), rule_id, field, value, version) is not None


async def ensure_starters(database: Database, starters: Sequence[StarterList], by: str) -> bool:
    """Stores the shipped lists as version 0, once and for all; says whether it did. Several may do so at once."""
    entries = [(each.name, value) for each in starters for value in each.entries]
    rows = await database.fetch(
        "list_starters",
        [each.name for each in starters],
        [each.kind for each in starters],
        [each.effect for each in starters],
        [each.field for each in starters],
        [each.description for each in starters],
        [name for name, _ in entries],
        [value for _, value in entries],
        by,
    )
    return bool(rows)
