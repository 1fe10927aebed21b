"""An account's history: what scoring remembers of its past, as one compact value."""

import struct
from bisect import bisect_right
from collections.abc import Iterable
from struct import Struct

import msgspec

from riskengine.domain.account import Account
from riskengine.domain.clock import DAY
from riskengine.domain.errors import RiskEngineError
from riskengine.scoring import records as layout
from riskengine.scoring.event import Event, Past
from riskengine.scoring.records import CHANNEL, GROUND, LOCATION, WIDTH, Sums, Texts
from riskengine.scoring.thinning import MOST_RECORDS, thinned

FORMAT = 2
"""Raised when the bytes change their meaning; a history of another format is rebuilt."""

_HEADER = Struct(">QHHI")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Account).decode


class UnreadableHistoryError(RiskEngineError):
    """Bytes that are no history of this format: rebuild it from PostgreSQL."""


class History(msgspec.Struct, frozen=True, gc=False):
    """A pure value: the account's attributes, how many decisions and changes it has had, and its events by time.

    `records` are laid out as `scoring.records` says. Events of the same time stand in the order of their arrival.
    Which events are kept, and every window over them, depends on the set of events and not on the order they came in,
    up to MOST_RECORDS events within the horizon; beyond that see `scoring.thinning`. The horizon is in days: events
    older than the newest by more are forgotten. It is a catalogue's: its longest window, and a day for what comes late.
    """

    account: Account
    sequence: int
    records: bytes
    horizon: int

    @classmethod
    def empty(cls, account: Account, horizon: int) -> "History":
        """The history of an account that has none."""
        return cls(account, 0, GROUND, horizon)

    @classmethod
    def of(cls, account: Account, past: Iterable[Past], sequence: int, horizon: int) -> "History":
        """The history of an account that had these events, in the order of their arrival."""
        history = cls.empty(account, horizon)
        for one in past:
            history = history.append(one.event, one.flagged)
        return history.with_account(account, sequence)

    @property
    def exact(self) -> bool:
        """Whether all events within the horizon are there: none was dropped by thinning."""
        kept = len(self.records) // WIDTH - 1
        return (layout.sums(self.records, kept).events - layout.sums(self.records, 0).events) & 0xFFFFFFFF == kept

    def append(self, event: Event, flagged: bool) -> "History":
        """The history with one event more, whose transaction was `flagged` or approved; the sequence goes on by one."""
        records = self.records
        end = len(records) // WIDTH
        newest = layout.time(records, end - 1)
        if event.time >= newest:
            new = layout.record(records, end, event, flagged)
            records = layout.appended(records, new, event.time - self.horizon * DAY)
        elif event.time > newest - self.horizon * DAY:
            records = _inserted(records, event, flagged)
        if len(records) > MOST_RECORDS * WIDTH:
            records = thinned(records)
        return History(self.account, self.sequence + 1, records, self.horizon)

    def with_account(self, account: Account, sequence: int) -> "History":
        """The history with other attributes, at the given place in the account's order."""
        return History(account, sequence, self.records, self.horizon)

    def to_bytes(self) -> bytes:
        """The history as bytes.

        The first ten are the sequence and the horizon, big-endian: of two histories the newer compares greater, and of
        two as new the one that reaches further back.
        """
        account = _encode(self.account)
        return b"".join((_HEADER.pack(self.sequence, self.horizon, FORMAT, len(account)), account, self.records))

    @classmethod
    def from_bytes(cls, value: bytes) -> "History":
        """The history that `to_bytes` gave. Raises UnreadableHistoryError."""
        try:
            sequence, horizon, version, length = _HEADER.unpack_from(value)
            start = _HEADER.size + length
            if version == FORMAT and len(value) > start and (len(value) - start) % WIDTH == 0:
                return cls(_decode(value[_HEADER.size : start]), sequence, value[start:], horizon)
        except (struct.error, ValueError, msgspec.DecodeError) as error:
            raise UnreadableHistoryError("a history cannot be read; rebuild it") from error
        raise UnreadableHistoryError("a history is of another format or cut off; rebuild it")


def _inserted(records: bytes, event: Event, flagged: bool) -> bytes:
    """The records with an event that came late: it goes to its place, and the later sums are corrected."""
    index = bisect_right(layout.times(records), event.time, 1)
    own = layout.record(records, index, event, flagged)
    moves = _Change.of(records, index, LOCATION, event.location, event.time)
    switches = _Change.of(records, index, CHANNEL, event.channel, event.time)
    added = layout.sums(layout.record(GROUND, 1, event, flagged), 0)
    parts = [records[: index * WIDTH], own]
    for later in range(index, len(records) // WIDTH):
        more = added._replace(moves=moves.until(later), switches=switches.until(later))
        parts.append(layout.with_sums(records, later, layout.sums(records, later).plus(more)))
    return b"".join(parts)


class _Change(msgspec.Struct, frozen=True):
    """What an inserted event does to the number of changes in a column: `own` at once, and `next` from a record on."""

    own: int
    next: int
    since: int

    @classmethod
    def of(cls, records: bytes, index: int, texts: Texts, value: int, at: int) -> "_Change":
        """The change made by a value (0: missing) inserted before record `index`."""
        own = layout.changed(records, index, texts, value, at)
        end = len(records) // WIDTH
        since = next((i for i in range(index, end) if layout.value_at(records, i, texts)), end)
        if not value or since == end or _dropped(records, index, since):
            return cls(own, 0, end)
        then, known = layout.time(records, since), layout.value_at(records, since, texts)
        before = layout.changed(records, since, texts, known, then)
        after = known != value and at > then - layout.CHANGE_REACH
        return cls(own, after - before, since)

    def until(self, index: int) -> int:
        """How many changes more there are up to the record."""
        return self.own + (self.next if index >= self.since else 0)


def _dropped(records: bytes, index: int, since: int) -> bool:
    """Whether thinning dropped records between the two: then nobody knows what the later one was compared with."""
    first: Sums = layout.sums(records, index - 1)
    return (layout.sums(records, since).events - first.events) & 0xFFFFFFFF != since - index + 1
