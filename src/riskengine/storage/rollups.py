"""Rollups in PostgreSQL: decisions added up by hour and by day, and how far that is. A turn has one connection."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from riskengine.domain import clock, ids
from riskengine.storage import queries
from riskengine.storage.database import Connection

_LOCK = 0x7269736E  # "risn": of several processes one at a time moves the rollups (an advisory lock of PostgreSQL)

_SHIFT = "ALTER TABLE decisions ALTER COLUMN decided_xid SET DEFAULT pg_current_xact_id()::text::bigint + {:d}"

LOCK_WAIT_MS = 5_000
"""Milliseconds to wait for everyone who writes decisions, when the ids are to go on from others."""

SCAN_TIMEOUT = 3_600.0
"""Seconds that the scan of a month may take."""


class Stand(msgspec.Struct, frozen=True):
    """How far the rollups are, as a row of `rollups` says it, and where PostgreSQL is: see rollups_stand.sql."""

    generation: int
    whole: bool
    position: int
    as_of: datetime | None
    mark_xid: int | None
    mark_at: datetime | None
    server: int
    xid_offset: int
    building: int | None
    bound: int | None
    reached: UUID | None
    months: Sequence[str] | None
    here: int
    now: datetime
    oldest: int
    newest: int
    attached: Sequence[str] | None

    @property
    def foreign(self) -> bool:
        """Whether ids mean nothing here: the database came from another server, where they are further on or not."""
        return self.server != self.here or self.position > self.newest

    @property
    def generations(self) -> list[int]:
        """Those to which new decisions are added."""
        return [self.generation] if self.building is None else [self.generation, self.building]


class Due(msgspec.Struct, frozen=True):
    """Decisions by the transaction of PostgreSQL that stored them: `xids` belong to the ids, in order."""

    transaction_ids: Sequence[UUID]
    xids: Sequence[int]


async def take_turn(connection: Connection) -> bool:
    """Whether this transaction may move the rollups: one at a time."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK))


async def wait_for_turn(connection: Connection) -> None:
    """Returns when this transaction may move the rollups."""
    await connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")


async def stand(connection: Connection) -> Stand:
    """How far the rollups are."""
    row = await connection.fetchrow(queries.text("rollups_stand"))
    return msgspec.convert(dict(row) | {"reached": _plain(row["reached"])}, Stand)


async def due(connection: Connection, start: int, end: int, most: int | None) -> Due:
    """Up to so many decisions whose transactions of PostgreSQL have ids from start to before end, in their order."""
    rows = await connection.fetch(queries.text("rollups_due"), start, end, most)
    return Due([_uuid(row["transaction_id"]) for row in rows], [row["decided_xid"] for row in rows])


async def stored_before(connection: Connection, bound: int, after: UUID, most: int) -> list[UUID]:
    """Up to so many decisions in the order of their ids, after one, of those stored before the bound."""
    created_at = clock.to_datetime(ids.created_at_ms(after))
    rows = await connection.fetch(queries.text("rollups_all"), after, created_at, bound, most)
    return [_uuid(row["transaction_id"]) for row in rows]


async def add(connection: Connection, transaction_ids: Sequence[UUID], generations: Sequence[int]) -> None:
    """Adds these decisions to the rollups of these generations."""
    moments = [clock.to_datetime(ids.created_at_ms(one)) for one in transaction_ids]
    await connection.fetch(queries.text("rollups_add"), transaction_ids, moments, generations)


async def move(connection: Connection, before: Stand, position: int) -> datetime | None:
    """Says that all of smaller ids are counted, and until when that is all that was decided; None: nobody knows yet.

    What was decided by a time has ids below what was then the next. So such a pair is kept as a mark, until the
    position has come that far.
    """
    as_of, mark_xid, mark_at = before.as_of, before.mark_xid, before.mark_at
    if mark_xid is not None and position >= mark_xid:
        as_of, mark_xid, mark_at = mark_at, None, None
    if position >= before.newest:
        as_of, mark_xid, mark_at = before.now, None, None
    elif mark_xid is None:
        mark_xid, mark_at = before.newest, before.now
    as_of = as_of if before.whole else None
    await connection.execute(queries.text("rollups_moved"), position, as_of, mark_xid, mark_at)
    return as_of


async def filled(connection: Connection, reached: UUID) -> None:
    """Says that the generation under way is filled up to this decision."""
    await connection.execute(queries.text("rollups_filled"), reached)


async def begin(connection: Connection, before: Stand) -> None:
    """Begins a new generation. What another began is dropped."""
    await connection.fetch(
        queries.text("rollups_begin"), (before.building or before.generation) + 1, before.attached or ()
    )


async def finish(connection: Connection) -> None:
    """Has the generation under way read from now on, and drops the others."""
    await connection.fetch(queries.text("rollups_finish"))


async def rebase(connection: Connection) -> None:
    """Makes the ids of this server's transactions go on from those the database came with. Raises Unavailable.

    For that it waits for all who write decisions, and holds them up for milliseconds.
    """
    await connection.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")
    await connection.execute("LOCK TABLE decisions IN ACCESS EXCLUSIVE MODE")
    added = await connection.fetchval(queries.text("rollups_rebase"))
    await connection.execute(_SHIFT.format(int(added)))


async def counted(connection: Connection, generation: int, start: date, end: date) -> dict[str, str]:
    """What is counted of the days from start to before end, cell by cell."""
    rows = await connection.fetch(queries.text("rollups_counted"), generation, start, end)
    return {row["cell"]: row["value"] for row in rows}


async def scanned(connection: Connection, position: int, start: date, end: date) -> dict[str, str]:
    """What must be counted of those days when the rollups stand at that position, by a full scan."""
    rows = await connection.fetch(queries.text("rollups_scanned"), position, start, end, timeout=SCAN_TIMEOUT)
    return {row["cell"]: row["value"] for row in rows}


def _uuid(value: UUID) -> UUID:
    return UUID(bytes=value.bytes)


def _plain(value: UUID | None) -> UUID | None:
    return None if value is None else _uuid(value)
