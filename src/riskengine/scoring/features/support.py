"""What the generated feature function calls: the few things that take more than an expression."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from riskengine.domain.clock import HOUR, MINUTE
from riskengine.scoring.event import DEGREE, NOWHERE
from riskengine.scoring.records import WIDTH
from riskengine.scoring.shared import COLD

EARTH_RADIUS_KM = 6371.0088
"""The mean radius (IUGG)."""

LEAST_TRAVEL_MS = 1_000
"""Two places in less than a second are taken as a second apart: clocks are no better than that."""

LEAST_STD_SHARE = 0.01
"""Where all amounts were the same, one percent of the mean stands for their standard deviation."""

_INTS = WIDTH // 4

_QUARTER = 15 * MINUTE
"""Time zones change their offset at full quarters of an hour only."""

HOUR_OF_DAY = bytes(hour % 24 for hour in range(256))
"""From the hour of the week to the hour of the day, for bytes.translate."""


def offset_ms(time_zone: str, time: int) -> int:
    """What a time zone's clocks are ahead of UTC (ms) at a time; 0 for an unknown one."""
    return _offset(time_zone, time // _QUARTER)


@lru_cache(maxsize=16_384)
def _offset(time_zone: str, quarter: int) -> int:
    try:
        zone = ZoneInfo(time_zone)
        offset = datetime.fromtimestamp(quarter * _QUARTER // 1000, UTC).astimezone(zone).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OverflowError, OSError):
        return 0
    return (offset or timedelta()) // timedelta(milliseconds=1)


@lru_cache(maxsize=192)
def weekdays(offset: int) -> bytes:
    """From the hour of the week in UTC to the local weekday, for bytes.translate; `offset` in ms."""
    return bytes((hour + offset // HOUR) % 168 // 24 for hour in range(256))


def divide(dividend: float, divisor: float) -> float:
    """The quotient; missing where the divisor is 0."""
    return dividend / divisor if divisor else math.nan


def known(value: float, default: float) -> float:
    """The value, or the default where it is missing."""
    return value if value == value else default  # noqa: PLR0124


def std(amounts: Sequence[int]) -> float:
    """The standard deviation of two whole numbers or more, from exact sums, rounded once at the end."""
    count, total = len(amounts), sum(amounts)
    squares = sum([amount * amount for amount in amounts])
    return math.sqrt((count * squares - total * total) / (count * (count - 1)))


def zscore(value: int, amounts: Sequence[int]) -> float:
    """How many standard deviations a value lies over the mean of others; see LEAST_STD_SHARE."""
    mean = sum(amounts) / len(amounts)
    return (value - mean) / (std(amounts) or LEAST_STD_SHARE * mean or 1.0)


def run(chosen: Sequence[bool]) -> int:
    """How many at the end are true, in a row."""
    length = 0
    for one in reversed(chosen):
        if not one:
            break
        length += 1
    return length


def contains(records: bytes, start: int, end: int, at: int, value: bytes) -> bool:
    """Whether one of the records [start, end) has these bytes at `at`: finds the first one, then looks at the rest."""
    first = records[start * WIDTH + at : end * WIDTH : WIDTH]
    index = first.rfind(value[0])
    while index >= 0:
        if records.startswith(value, (start + index) * WIDTH + at):
            return True
        index = first.rfind(value[0], 0, index)
    return False


def last_known(ints: memoryview, start: int, end: int) -> int:
    """The index of the last record in [start, end) that has a place; 0 if there is none."""
    for index in range(end - 1, start - 1, -1):
        if ints[index * _INTS + 8] != NOWHERE:
            return index
    return 0


def distance_km(latitude: int, longitude: int, other_latitude: int, other_longitude: int) -> float:
    """The great-circle distance of two places in steps of 1/DEGREE (haversine formula, Sinnott 1984)."""
    south, north = math.radians(latitude / DEGREE), math.radians(other_latitude / DEGREE)
    east = math.radians((other_longitude - longitude) / DEGREE)
    a = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * math.sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(a, 1.0)))


def accounts(members: dict[int, int] | None, account: int, now: int, window: int) -> float:
    """How many accounts a shared set saw in (now - window, now], the asking one included; missing if it is cold."""
    if not members:
        return math.nan if members is COLD else 1.0
    since = now - window
    seen = [member for member, time in members.items() if since < time <= now]
    return float(len(seen) + (account not in seen))
