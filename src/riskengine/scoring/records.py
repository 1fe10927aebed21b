"""How a history's events lie in memory: fixed-size records, each with the sums of all events up to it.

A record is 112 bytes, in the machine's byte order. The first 52 are the event, the last 60 the running sums, counted
modulo 2^32, 2^64 or 2^128: a window's sum is the difference of two records' sums, exact whatever came before, as long
as it is itself below the modulus. Record 0 is the ground: no event, before all time, with the sums of what was trimmed.

    at  field                     at  field                          at  sum
     0  time            int64     32  latitude           int32       52  count of events             uint32
     8  amount          int64     36  longitude          int32       56  count of known amounts      uint32
    16  merchant        int32     40  beneficiary        int32       60  changes of location         uint32
    20  location        int32     44  ip                 int32       64  changes of channel          uint32
    24  device          int32     48  merchant category  int32       68  not approved                uint32
    28  country         int16                                        72  amounts                     uint64
    30  channel          int8                                        80  their squares        2 x uint64, low first
    31  hour of week    uint8                                        96  log amounts                 uint64
                                                                    104  their squares               uint64
"""

from bisect import bisect_right
from struct import Struct
from typing import NamedTuple

from riskengine.domain.clock import DAY
from riskengine.scoring.event import NOWHERE, Event
from riskengine.scoring.money import MISSING

WIDTH = 112
SUMS_AT = 52

CHANGE_REACH = 7 * DAY
"""A value counts as a change only if the last known one before it is younger than this (ms)."""

_EVENT = Struct("=qqiiihbBiiiii")
_SUMS = Struct("=5I5Q")
_RECORD = Struct("=qqiiihbBiiiii5I5Q")
_TIME = Struct("=q")
_LAST = Struct("=q12xi6xb")
_BEFORE_ALL_TIME = -(2**63)
_MASK_32, _MASK_64, _MASK_128 = 2**32 - 1, 2**64 - 1, 2**128 - 1

_NOTHING = _EVENT.pack(_BEFORE_ALL_TIME, MISSING, 0, 0, 0, 0, 0, 0, NOWHERE, NOWHERE, 0, 0, 0)
GROUND = _NOTHING + bytes(_SUMS.size)


class Texts(NamedTuple):
    """A column whose changes are counted: where it lies in a record, and how."""

    at: int
    of: Struct


LOCATION = Texts(20, Struct("=i"))
CHANNEL = Texts(30, Struct("=b"))


class Sums(NamedTuple):
    """The running sums of a record, see the table above; `low` and `high` are halves of one."""

    events: int
    known: int
    moves: int
    switches: int
    flagged: int
    amounts: int
    low: int
    high: int
    logs: int
    log_squares: int

    def plus(self, other: "Sums") -> "Sums":
        """Both together."""
        squares = (self.low | self.high << 64) + (other.low | other.high << 64)
        return Sums(
            (self.events + other.events) & _MASK_32,
            (self.known + other.known) & _MASK_32,
            (self.moves + other.moves) & _MASK_32,
            (self.switches + other.switches) & _MASK_32,
            (self.flagged + other.flagged) & _MASK_32,
            (self.amounts + other.amounts) & _MASK_64,
            squares & _MASK_64,
            squares >> 64 & _MASK_64,
            (self.logs + other.logs) & _MASK_64,
            (self.log_squares + other.log_squares) & _MASK_64,
        )


def times(records: bytes) -> memoryview:
    """The times of the records, a view of int64; the ground's comes first."""
    return memoryview(records).cast("q")[:: WIDTH // 8]


def time(records: bytes, index: int) -> int:
    """The time of one record."""
    value: int = _TIME.unpack_from(records, index * WIDTH)[0]
    return value


def sums(records: bytes, index: int) -> Sums:
    """The running sums of one record."""
    return Sums._make(_SUMS.unpack_from(records, index * WIDTH + SUMS_AT))


def record(records: bytes, index: int, event: Event, flagged: bool) -> bytes:
    """The record of an event that comes at `index`: the sums up to it go on from the one before."""
    events, known, moves, switches, flags, amounts, low, high, logs, log_squares = _SUMS.unpack_from(
        records, index * WIDTH - WIDTH + SUMS_AT
    )
    time, location, channel = _LAST.unpack_from(records, index * WIDTH - WIDTH)
    amount = event.amount
    if amount != MISSING:
        known = known + 1 & _MASK_32
        amounts = amounts + amount & _MASK_64
        low += amount * amount
        if low > _MASK_64:
            high = high + (low >> 64) & _MASK_64
            low &= _MASK_64
        logs = logs + event.log & _MASK_64
        log_squares = log_squares + event.log * event.log & _MASK_64
    if location and time > event.time - CHANGE_REACH:  # the common case of `changed`
        moves += event.location not in (0, location)
    else:
        moves += changed(records, index, LOCATION, event.location, event.time)
    if channel and time > event.time - CHANGE_REACH:
        switches += event.channel not in (0, channel)
    else:
        switches += changed(records, index, CHANNEL, event.channel, event.time)
    return _RECORD.pack(
        event.time, amount, event.merchant, event.location, event.device, event.country, event.channel, event.hour,
        event.latitude, event.longitude, event.beneficiary, event.ip, event.category,
        events + 1 & _MASK_32, known, moves & _MASK_32, switches & _MASK_32, flags + flagged & _MASK_32,
        amounts, low, high, logs, log_squares,
    )  # fmt: skip


def with_sums(records: bytes, index: int, running: Sums) -> bytes:
    """One record with other running sums."""
    start = index * WIDTH
    return records[start : start + SUMS_AT] + _SUMS.pack(*running)


def changed(records: bytes, index: int, texts: Texts, value: int, at: int) -> bool:
    """Whether a value (0: missing) at time `at` differs from the last known one before record `index`."""
    if not value:
        return False
    for earlier in range(index - 1, 0, -1):
        known = value_at(records, earlier, texts)
        if known:
            return known != value and time(records, earlier) > at - CHANGE_REACH
        if time(records, earlier) <= at - CHANGE_REACH:
            break
    return False


def value_at(records: bytes, index: int, texts: Texts) -> int:
    """The value of a column in one record; 0 where missing."""
    value: int = texts.of.unpack_from(records, index * WIDTH + texts.at)[0]
    return value


def appended(records: bytes, record: bytes, limit: int) -> bytes:
    """The records and one more, without the events up to the time `limit`, whose sums become the ground's."""
    if len(records) == WIDTH or time(records, 1) > limit:
        return records + record
    first = bisect_right(times(records), limit, 1) * WIDTH
    return b"".join((_NOTHING, records[first - WIDTH + SUMS_AT : first], memoryview(records)[first:], record))
