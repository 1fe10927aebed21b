"""Releases and drafts in PostgreSQL. A release never changes; a draft is open until it is published or discarded."""

from uuid import UUID

from riskengine.domain import clock, ids
from riskengine.domain.errors import NotFound
from riskengine.domain.release import Draft, DraftState, Kind, Release
from riskengine.storage import queries
from riskengine.storage.database import Connection, Database, Row


async def every(database: Database, kind: Kind) -> list[Release]:
    """The releases of a kind, newest first."""
    return [_release(row) for row in await database.fetch("release_list", kind)]


async def get(database: Database, kind: Kind, version: int) -> Release:
    """One release. Raises NotFound."""
    row = await database.fetch_one("release_get", kind, version)
    if row is None:
        raise _no_release(kind, version)
    return _release(row)


async def content(database: Database, kind: Kind, version: int) -> bytes:
    """What was published under that number. Raises NotFound."""
    row = await database.fetch_one("release_content", kind, version)
    if row is None:
        raise _no_release(kind, version)
    return bytes(row["content"])


async def latest(connection: Connection, kind: Kind) -> int:
    """The newest number of a kind; 0 before the first. Stable under the lock of `running`."""
    number: int = await connection.fetchval(queries.text("release_latest"), kind)
    return number


async def put(connection: Connection, draft_id: UUID, version: int, data: bytes, note: str) -> None:
    """Keeps what a draft has become."""
    await connection.execute(queries.text("release_put"), draft_id, version, data, note)


async def put_draft(database: Database, kind: Kind, data: bytes, *, base: int | None, by: str, note: str) -> Draft:
    """Keeps a new draft."""
    row = await database.fetch_one("draft_put", ids.new(), kind, data, base, by, note)
    assert row is not None, "the statement returns what it inserts"
    return _draft(row)


async def drafts(database: Database, kind: Kind) -> list[Draft]:
    """The open drafts of a kind, oldest first."""
    return [_draft(row) for row in await database.fetch("draft_list", kind)]


async def draft(database: Database, draft_id: UUID) -> Draft:
    """One draft, open or not. Raises NotFound."""
    row = await database.fetch_one("draft_get", draft_id)
    if row is None:
        raise _no_draft(draft_id)
    return _draft(row)


async def draft_content(database: Database, draft_id: UUID) -> bytes:
    """What a draft holds. Raises NotFound."""
    row = await database.fetch_one("draft_content", draft_id)
    if row is None:
        raise _no_draft(draft_id)
    return bytes(row["content"])


async def checked(database: Database, draft_id: UUID) -> Draft | None:
    """Notes that a draft was found fit; None if it is not open."""
    return _draft_or_none(await database.fetch_one("draft_checked", draft_id))


async def approved(database: Database, draft_id: UUID, by: str) -> Draft | None:
    """Notes who approved a draft; None if it is not open, or is that person's own."""
    return _draft_or_none(await database.fetch_one("draft_approved", draft_id, by))


async def discarded(database: Database, draft_id: UUID) -> Draft | None:
    """Ends a draft; None if it is not open."""
    return _draft_or_none(await database.fetch_one("draft_discarded", draft_id))


async def published(connection: Connection, draft_id: UUID, version: int, *, approval: bool) -> bool:
    """Notes what a draft has become; False if it is not open, or not approved where that is needed."""
    row = await connection.fetchrow(queries.text("draft_published"), draft_id, version, approval)
    return row is not None


def _no_release(kind: Kind, version: int) -> NotFound:
    return NotFound(f"there is no {kind} {version}; look for its number among the releases")


def _no_draft(draft_id: UUID) -> NotFound:
    return NotFound(f"there is no draft {draft_id}; look for its id among the drafts")


def _draft_or_none(row: Row | None) -> Draft | None:
    return None if row is None else _draft(row)


def _release(row: Row) -> Release:
    return Release(
        kind=Kind(row["kind"]),
        version=row["version"],
        created_by=row["created_by"],
        approved_by=row["approved_by"],
        note=row["note"],
        published_at=clock.to_ms(row["published_at"]),
    )


def _draft(row: Row) -> Draft:
    return Draft(
        draft_id=UUID(bytes=row["draft_id"].bytes),
        kind=Kind(row["kind"]),
        base=row["base"],
        state=DraftState(row["state"]),
        created_by=row["created_by"],
        created_at=clock.to_ms(row["created_at"]),
        note=row["note"],
        checked_at=None if row["checked_at"] is None else clock.to_ms(row["checked_at"]),
        approved_by=row["approved_by"],
        approved_at=None if row["approved_at"] is None else clock.to_ms(row["approved_at"]),
        version=row["version"],
    )
