"""What people do about dead letters: have their messages decided after all, or close them."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import msgspec
import structlog

from riskengine.domain import listing
from riskengine.domain.dead_letter import Status
from riskengine.domain.errors import ConfigurationError, FieldError, InvalidInput, Malformed, Unavailable
from riskengine.domain.metadata import NOT_STORABLE, storable
from riskengine.storage import dead_letters
from riskengine.storage.database import Database
from riskengine.storage.dead_letters import FIRST, By, Selection
from riskengine.storage.records import LAST_TIME
from riskengine.streaming import messages
from riskengine.streaming.queue import Outgoing

DEFAULT_RATE = 100.0
"""Transactions queued again a second: a small part of what one worker decides, so that live traffic does not wait."""

LEAST_RATE, HIGHEST_RATE = 0.1, 10_000.0
"""The bounds of that: patience has an end, and above it a rate means nothing, for a relay looks four times a second."""

DEFAULT_MOST = 1_000
"""Letters that are replayed or discarded in one go."""

LARGEST_MOST = 10_000
"""At most so many of them: one statement, and all that was left alone is told."""

MOST_NAMED = 1_000
"""Letters that may be named in one go."""

PIECE = 100
"""Unreadable messages that are looked at in one go: 6.4 MB at most."""

_WHY: dict[Status, str] = {
    "open": "is beyond the limit, or somebody is at it right now; say it again",
    "replayed": "was replayed before",
    "discarded": "was discarded before",
    "decided": "its transaction is decided",
}
"""Why a letter of that status was left alone."""

Publish = Callable[[Sequence[Outgoing]], Awaitable[object]]
"""Puts messages on the stream. Raises Unavailable, or ConfigurationError if there is no way to it."""

_log = structlog.get_logger()


class LeftAlone(msgspec.Struct, frozen=True):
    """A letter with which nothing was done, and why."""

    letter_id: UUID
    why: str


class Replayed(msgspec.Struct, frozen=True):
    """What a replay did: transactions queued again, one after the other, and messages that are on the stream again.

    `more` says that it ended at its limit. Of letters that were named, `left_alone` has all others; of a filter, the
    messages that still cannot be read.
    """

    transactions: int
    messages: int
    left_alone: tuple[LeftAlone, ...]
    more: bool


class Discarded(msgspec.Struct, frozen=True):
    """What a discard did; as for a replay."""

    letters: int
    left_alone: tuple[LeftAlone, ...]
    more: bool


class _ReadAgain(msgspec.Struct):
    """Messages that could not be read once: those that are on the stream again, and the others."""

    published: list[UUID] = msgspec.field(default_factory=list)
    left_alone: list[LeftAlone] = msgspec.field(default_factory=list)


class DeadLetters:
    """Replays and discards letters. To do so twice, or two at once, is harmless: the second finds nothing to do.

    Of a filter, only open letters are meant; a discarded one is replayed if it is named.
    """

    def __init__(self, database: Database, publish: Publish) -> None:
        self._database = database
        self._publish = publish

    async def replay(self, wanted: Selection, by: By, *, most: int, rate: float) -> Replayed:
        """Has up to `most` letters' messages decided: transactions are queued again, `rate` a second.

        What could not be read is read once more, and is on the stream again at once if that works now. Raises
        InvalidInput and Unavailable.
        """
        by = _checked(wanted, by, most, rate)
        meant = wanted if wanted.letter_ids is not None else msgspec.structs.replace(wanted, status="open")
        queued = await dead_letters.replay(self._database, meant, by, most=most, rate=rate)
        again = await self._read_again(meant, by, most - len(queued))
        done = len(queued) + len(again.published)
        left_alone = await self._left_alone(wanted, {*queued, *again.published}, again.left_alone)
        if done:
            _log.info("dead_letters_replayed", count=done, by=by.person)
        more = wanted.letter_ids is None and done + len(again.left_alone) >= most
        return Replayed(len(queued), len(again.published), left_alone, more)

    async def discard(self, wanted: Selection, by: By, *, most: int) -> Discarded:
        """Closes up to `most` open letters; their transactions stay pending. Raises InvalidInput and Unavailable."""
        by = _checked(wanted, by, most, DEFAULT_RATE)
        if not by.note:
            raise InvalidInput((FieldError("note", "is missing; say why these may be closed"),))
        closed = await dead_letters.discard(self._database, wanted, by, most=most)
        left_alone = await self._left_alone(wanted, set(closed), [])
        if closed:
            _log.info("dead_letters_discarded", count=len(closed), by=by.person)
        return Discarded(len(closed), left_alone, wanted.letter_ids is None and len(closed) >= most)

    async def _read_again(self, wanted: Selection, by: By, most: int) -> _ReadAgain:
        """Reads messages again that could not be read, `most` of them, and publishes those that can be now."""
        found, after = _ReadAgain(), FIRST
        while (size := min(PIECE, most)) > 0:
            async with self._database.connection() as connection, connection.transaction():
                letters = await dead_letters.unreadable(connection, wanted, after, size)
                read = {letter.letter_id: _read(letter.body) for letter in letters}
                readable = {letter_id: one for letter_id, one in read.items() if isinstance(one, Outgoing)}
                faults = {letter_id: one for letter_id, one in read.items() if isinstance(one, str)}
                if readable and (problem := await self._published(list(readable.values()))) is not None:
                    faults |= dict.fromkeys(readable, problem)
                elif readable:
                    await dead_letters.replayed(connection, list(readable), by)
            found.published += [letter_id for letter_id in read if letter_id not in faults]
            found.left_alone += [LeftAlone(letter_id, faults[letter_id]) for letter_id in read if letter_id in faults]
            if len(letters) < size:
                break
            after, most = letters[-1].letter_id, most - size
        return found

    async def _published(self, items: Sequence[Outgoing]) -> str | None:
        """Publishes messages; what is in the way of that, if anything is."""
        try:
            await self._publish(items)
        except Unavailable:
            return "could be read now, but redis does not answer; replay it once it does"
        except ConfigurationError as error:
            return f"could be read now, but there is no way to the queue: {error}"
        return None

    async def _left_alone(self, wanted: Selection, done: set[UUID], known: list[LeftAlone]) -> tuple[LeftAlone, ...]:
        """All that was named and not done, with why; what is known of that already comes first."""
        named = set(wanted.letter_ids or ()) - done - {each.letter_id for each in known}
        if not named:
            return tuple(known)
        rest = Selection(letter_ids=tuple(named))
        found = {each.letter_id: each.status for each in await dead_letters.page(self._database, rest, len(named))}
        why = {letter_id: _WHY[found[letter_id]] if letter_id in found else "does not exist" for letter_id in named}
        return (*known, *(LeftAlone(letter_id, why[letter_id]) for letter_id in sorted(named)))


def check(wanted: Selection) -> None:
    """Returns if letters can be looked for in this way. Raises InvalidInput that names every fault."""
    if faults := _faults(wanted):
        raise InvalidInput(tuple(faults))


def _checked(wanted: Selection, by: By, most: int, rate: float) -> By:
    """By whom, with the note as it is kept. Raises InvalidInput that names every fault."""
    faults = _faults(wanted)
    if wanted.letter_ids is not None and wanted != Selection(letter_ids=wanted.letter_ids):
        faults.append(FieldError("letter_ids", "must stand alone; name letters, or say which are meant by filters"))
    if not 1 <= most <= LARGEST_MOST:
        faults.append(FieldError("limit", f"must be a number from 1 to {LARGEST_MOST}"))
    if not LEAST_RATE <= rate <= HIGHEST_RATE:
        faults.append(FieldError("rate", f"must be a number from {LEAST_RATE:g} to {HIGHEST_RATE:g}"))
    try:
        note = listing.note(by.note)
    except InvalidInput as error:
        faults += error.fields
    if faults:
        raise InvalidInput(tuple(faults))
    return By(by.person, note)


def _faults(wanted: Selection) -> list[FieldError]:
    texts = {name: getattr(wanted, name) for name in ("fingerprint", "error_class", "account_id")}
    faults = [FieldError(name, NOT_STORABLE) for name, text in texts.items() if text is not None and not storable(text)]
    times = {"from": wanted.since, "to": wanted.until}
    faults += [
        FieldError(name, "must be a time from 1970 on")
        for name, time in times.items()
        if time is not None and not 0 <= time <= LAST_TIME
    ]
    if wanted.letter_ids is not None and not 1 <= len(wanted.letter_ids) <= MOST_NAMED:
        faults.append(FieldError("letter_ids", f"must be 1 to {MOST_NAMED} letters; say it again for more"))
    return faults


def _read(body: bytes) -> Outgoing | str:
    """A message as it is published again, or why it cannot be read."""
    try:
        return Outgoing(messages.decode(body).account_id, body)
    except Malformed as error:
        return f"still cannot be read: {error}"
