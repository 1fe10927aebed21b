"""Time as the engine counts it: whole milliseconds since 1970-01-01 UTC.

The scoring core never asks for the time; the processes around it do, here.
"""

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


_stepped = 0
"""Milliseconds by which this process's clock was stepped: see `resilience.failpoints`."""


def now_ms() -> int:
    """The present, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000 + _stepped


def step(milliseconds: int) -> None:
    """Steps this process's clock, as a correction by NTP or a person would. Only tests and chaos do so."""
    global _stepped  # noqa: PLW0603  (a clock is one for the whole process)
    _stepped += milliseconds


def to_datetime(ms: int) -> datetime:
    """The UTC datetime of a millisecond count."""
    return _EPOCH + timedelta(milliseconds=ms)


def to_ms(moment: datetime) -> int:
    """The millisecond count of an aware datetime; a fraction of a millisecond is cut off."""
    return (moment - _EPOCH) // _MILLISECOND
