"""Dead letters in PostgreSQL, and the failures that lead to them."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from riskengine.domain import clock, ids
from riskengine.domain.dead_letter import Cause, DeadLetter, Failure, Status
from riskengine.storage.database import Connection, Database, Row, fetch
from riskengine.storage.reader import Reader

FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)
"""Before and after every letter there can be."""


class Origin(msgspec.Struct, frozen=True):
    """Who notes failures: the worker, and the versions it ran."""

    worker: str
    versions: dict[str, int | str | None]


class Noted(msgspec.Struct, frozen=True):
    """What became of failures: how many are tried again because of this, and those that are dead letters now."""

    again: int
    dead: tuple[Failure, ...]


class Selection(msgspec.Struct, frozen=True):
    """Which letters: all that is given must hold. `since` (included) and `until` (not) are ms since the epoch."""

    letter_ids: tuple[UUID, ...] | None = None
    fingerprint: str | None = None
    error_class: str | None = None
    account_id: str | None = None
    since: int = 0
    until: int | None = None
    status: Status | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is given."""
        return self == Selection()

    def columns(self, after: UUID = FIRST, before: UUID = LAST) -> list[object]:
        """The first six parameters of the statements on letters, those between two letters."""
        begin = max(ids.first(self.since), UUID(int=after.int + 1))
        end = before if self.until is None else min(before, ids.first(self.until))
        letter_ids = None if self.letter_ids is None else list(self.letter_ids)
        return [letter_ids, self.fingerprint, self.error_class, self.account_id, begin, end]


class By(msgspec.Struct, frozen=True):
    """Who replays or discards letters, and why."""

    person: str
    note: str = ""


class Unreadable(msgspec.Struct, frozen=True):
    """A letter whose message could not be read."""

    letter_id: UUID
    body: bytes


async def note(
    database: Database, failures: Sequence[Failure], origin: Origin, delays: Sequence[float], jitter: float
) -> Noted:
    """Notes failures in one atomic statement. It may be said again.

    `delays` are the seconds to wait before each further try, which vary by the share `jitter` either way.
    """
    by_letter = {ids.new(): failure for failure in failures}
    rows = await database.fetch(
        "failures_note",
        list(by_letter),
        [f.message_id for f in failures],
        [f.transaction_id for f in failures],
        [f.error for f in failures],
        [f.error_class for f in failures],
        [f.fingerprint for f in failures],
        [f.stack for f in failures],
        [f.body for f in failures],
        [f.stream for f in failures],
        origin.worker,
        msgspec.json.encode(origin.versions).decode(),
        list(delays),
        jitter,
    )
    dead = tuple(by_letter[row["letter_id"]] for row in rows if row["letter_id"] is not None)
    return Noted(sum(row["again"] for row in rows), dead)


async def page(database: Database, wanted: Selection, size: int, before: UUID = LAST) -> list[DeadLetter]:
    """Up to `size` letters, newest first, of those that are older than `before`."""
    rows = await database.fetch("letters_page", *wanted.columns(before=before), wanted.status, size)
    return [_from_row(row, row["status"]) for row in rows]


async def get(database: Database, letter_id: UUID) -> DeadLetter | None:
    """The letter of that id, or None."""
    found = await page(database, Selection(letter_ids=(letter_id,)), 1)
    return found[0] if found else None


async def causes(database: Reader, wanted: Selection) -> list[Cause]:
    """Why letters failed, whatever their status: the cause seen last first."""
    return [_cause(row) for row in await database.fetch("letters_causes", *wanted.columns())]


async def replay(database: Database, wanted: Selection, by: By, *, most: int, rate: float) -> list[UUID]:
    """Has up to `most` letters' transactions queued again, `rate` a second; the letters of which that is true now.

    What was replayed before, is decided, or could not be read is left alone. Of a selection by status `open` or
    `discarded`, which both mean the letter's state, the other is left alone, too.
    """
    arguments = (*wanted.columns(), wanted.status, most, rate, by.person, by.note)
    return [_uuid(row["letter_id"]) for row in await database.fetch("letters_replay", *arguments)]


async def unreadable(connection: Connection, wanted: Selection, after: UUID, most: int) -> list[Unreadable]:
    """Up to `most` letters after one, oldest first, whose messages could not be read, and were not replayed.

    They are kept from others until the connection's transaction ends; `status` is as in `replay`.
    """
    rows = await fetch(connection, "letters_unreadable", *wanted.columns(after), wanted.status, most)
    return [Unreadable(_uuid(row["letter_id"]), row["body"]) for row in rows]


async def replayed(connection: Connection, letter_ids: Sequence[UUID], by: By) -> None:
    """Notes, in the connection's transaction, that the messages of letters are on the stream again."""
    await fetch(connection, "letters_replayed", list(letter_ids), by.person, by.note)


async def discard(database: Database, wanted: Selection, by: By, *, most: int) -> list[UUID]:
    """Closes up to `most` open letters; their ids. `status` is not looked at."""
    rows = await database.fetch("letters_discard", *wanted.columns(), most, by.person, by.note)
    return [_uuid(row["letter_id"]) for row in rows]


async def unannounced(connection: Connection, most: int) -> list[DeadLetter]:
    """Letters that are not on their stream, kept from others until the connection's transaction ends."""
    rows = await fetch(connection, "letters_unannounced", most)
    return [_from_row(row, row["state"]) for row in rows]


async def announced(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """Notes, in the connection's transaction, that they are."""
    await fetch(connection, "letters_announced", [letter.letter_id for letter in letters])


def _from_row(row: Row, status: Status) -> DeadLetter:
    changed_at, transaction_id = row["changed_at"], row["transaction_id"]
    return DeadLetter(
        letter_id=_uuid(row["letter_id"]),
        failed_at=clock.to_ms(row["failed_at"]),
        stream=row["stream"],
        message_id=row["message_id"],
        transaction_id=None if transaction_id is None else _uuid(transaction_id),
        account_id=row["account_id"],
        retry_count=row["retry_count"],
        error=row["error"],
        error_class=row["error_class"],
        fingerprint=row["fingerprint"],
        stack=row["stack"],
        worker=row["worker"],
        versions=msgspec.json.decode(row["versions"]),
        body=row["body"],
        status=status,
        changed_at=None if changed_at is None else clock.to_ms(changed_at),
        changed_by=row["changed_by"],
        note=row["note"],
    )


def _cause(row: Row) -> Cause:
    return Cause(
        fingerprint=row["fingerprint"],
        letters=row["letters"],
        open=row["open"],
        first_seen=clock.to_ms(row["first_seen"]),
        last_seen=clock.to_ms(row["last_seen"]),
        error_class=row["error_class"],
        error=row["error"],
        sample=_uuid(row["sample"]),
    )


def _uuid(value: UUID) -> UUID:
    """asyncpg's own UUIDs compare slower."""
    return UUID(bytes=value.bytes)
