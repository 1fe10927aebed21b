"""How a history's events lie in memory: fixed-size records, each with the sums of all events up to it.

A record is 104 bytes, in the machine's byte order. The first 48 are the event, the last 56 the running sums, counted
modulo 2^32, 2^64 or 2^128: a window's sum is the difference of two records' sums, exact whatever came before, as long
as it is itself below the modulus. Record 0 is the ground: no event, before all time, with the sums of what was trimmed.

    at  field                     at  field                          at  sum
     0  time            int64     32  latitude           int32       48  count of events             uint32
     8  amount          int64     36  longitude          int32       52  count of known amounts      uint32
    16  merchant        int32     40  beneficiary        int32       56  changes of location         uint32
    20  location        int32     44  ip                 int32       60  changes of channel          uint32
    24  device          int32                                        64  amounts                     uint64
    28  country         int16                                        72  their squares        2 x uint64, low first
    30  channel          int8                                        88  log amounts                 uint64
    31  hour of week    uint8                                        96  their squares               uint64
"""

from bisect import bisect_right
from struct import Struct
from typing import NamedTuple

from riskengine.domain.clock import DAY
from riskengine.scoring.event import NOWHERE, Event
from riskengine.scoring.money import MISSING

WIDTH = 104
SUMS_AT = 48

CHANGE_REACH = 7 * DAY
"""A value counts as a change only if the last known one before it is younger than this (ms)."""

_EVENT = Struct("=qqiiihbBiiii")
_SUMS = Struct("=4I5Q")
_TIME = Struct("=q")
_BEFORE_ALL_TIME = -(2**63)
_MASK_32, _MASK_64, _MASK_128 = 2**32 - 1, 2**64 - 1, 2**128 - 1

_NOTHING = _EVENT.pack(_BEFORE_ALL_TIME, MISSING, 0, 0, 0, 0, 0, 0, NOWHERE, NOWHERE, 0, 0)
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
    amounts: int
    low: int
    high: int
    logs: int
    log_squares: int

    def plus(self, event: Event, moves: int, switches: int) -> "Sums":
        """The sums with one event more, and so many changes of location and channel."""
        known = event.amount != MISSING
        amount = event.amount if known else 0
        squares = ((self.high << 64 | self.low) + amount * amount) & _MASK_128
        return Sums(
            (self.events + 1) & _MASK_32,
            (self.known + known) & _MASK_32,
            (self.moves + moves) & _MASK_32,
            (self.switches + switches) & _MASK_32,
            (self.amounts + amount) & _MASK_64,
            squares & _MASK_64,
            squares >> 64,
            (self.logs + event.log) & _MASK_64,
            (self.log_squares + event.log * event.log) & _MASK_64,
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


def pack(event: Event, running: Sums) -> bytes:
    """A record."""
    return (
        _EVENT.pack(
            event.time,
            event.amount,
            event.merchant,
            event.location,
            event.device,
            event.country,
            event.channel,
            event.hour,
            event.latitude,
            event.longitude,
            event.beneficiary,
            event.ip,
        )
        + _SUMS.pack(*running)
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


def without_older(records: bytes, limit: int) -> bytes:
    """The records without the events up to the time `limit`, whose sums become the ground's."""
    if len(records) == WIDTH or time(records, 1) > limit:
        return records
    first = bisect_right(times(records), limit, 1) * WIDTH
    return _NOTHING + records[first - WIDTH + SUMS_AT : first] + records[first:]
