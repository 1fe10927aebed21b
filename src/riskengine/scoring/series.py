"""Sums over the events of all who use one thing, a merchant perhaps, in cells of time: a bounded number, however busy.

A window (t - w, t] is answered with whole cells. So its far edge is early by less than one cell (`grain`), and the near
edge of a transaction that comes late is late by less than one: it may see what happened up to a cell after it.
"""

from bisect import bisect_right
from typing import NamedTuple

import msgspec

from riskengine.domain.clock import DAY, HOUR, MINUTE, SECOND
from riskengine.domain.errors import ConfigurationError
from riskengine.scoring import hashing
from riskengine.scoring.features.catalogue import LONGEST_WINDOW, Feature

FINENESS = 24
"""Cells that a window has at least: what a window is off by is at most this part of it."""

GRAINS = (
    *(20, 50, 100, 200, 500),
    *(SECOND * n for n in (1, 2, 5, 10, 20, 30)),
    *(MINUTE * n for n in (1, 2, 5, 10, 20, 30)),
    *(HOUR * n for n in (1, 2, 3, 6, 12)),
    *(DAY * n for n in (1, 2, 3)),
)
"""Lengths (ms) that a cell may have: the longest of which FINENESS fit into the window."""

MOST_LATE = DAY
"""How late (ms) an event may be and still count, in series whose windows are as long; in others, as their windows."""

FIELDS = {"device": "device_id", "ip": "ip", "beneficiary": "beneficiary", "merchant": "merchant"}
"""What accounts share, and the transaction's field that tells which one it is."""

_UNITS = {DAY: "d", HOUR: "h", MINUTE: "m", SECOND: "s", 1: "ms"}


class Cell(NamedTuple):
    """Whole numbers that only ever grow: events, those of an unknown amount, minor units, those not approved."""

    events: int
    unknown: int
    sum: int
    flagged: int

    def plus(self, other: "Cell") -> "Cell":
        """Both together."""
        return Cell(
            self.events + other.events,
            self.unknown + other.unknown,
            self.sum + other.sum,
            self.flagged + other.flagged,
        )


NOTHING = Cell(0, 0, 0, 0)


class Series(msgspec.Struct, frozen=True):
    """Which events are counted, in cells of which length (ms). Features share it, also those of several catalogues.

    `span` is the longest window (ms) that it is for, `filter` that of its features.
    """

    entity: str
    grain: int
    span: int
    filter: str

    @property
    def name(self) -> str:
        """What it is called wherever it is kept; without spaces."""
        name = f"{self.entity}/{_length(self.grain)}/{_length(self.span)}"
        return f"{name}/{hashing.of_64(self.filter) & 2**64 - 1:016x}" if self.filter else name

    @property
    def keeps(self) -> int:
        """How many cells before the newest are kept."""
        return -(-(self.span + min(self.span, MOST_LATE)) // self.grain)

    def key(self, value: str) -> str:
        """The name of the cells of one device, merchant ..."""
        return f"{self.name}:{value}"


class Cells(msgspec.Struct):
    """The cells of a series for one merchant, device ...: by number, which is time // grain.

    Cells more than `Series.keeps` before the newest are forgotten, and what would go there is. `cold` ones are not
    known to be whole, so nothing is read from them.
    """

    newest: int = -(2**62)
    cells: dict[int, Cell] = msgspec.field(default_factory=dict)
    cold: bool = False

    def add(self, number: int, more: Cell, keeps: int) -> None:
        """Counts more in a cell. Whatever the order of additions, the same is left in the end."""
        if number > self.newest:
            self.newest = number
            for old in [one for one in self.cells if one < number - keeps]:
                del self.cells[old]
        if number >= self.newest - keeps:
            self.cells[number] = self.cells.get(number, NOTHING).plus(more)


def of(feature: Feature) -> Series:
    """The series that a feature over a device, ip, beneficiary or merchant is computed from."""
    if feature.per:
        raise ConfigurationError(f"feature {feature.name}: `per` is for the events of an account; leave it out")
    place = bisect_right(GRAINS, feature.window_ms // FINENESS)
    span = GRAINS[place] * FINENESS if place < len(GRAINS) else LONGEST_WINDOW
    return Series(feature.entity, GRAINS[place - 1], min(span, LONGEST_WINDOW), feature.filter.strip())


def cells(now: int, grain: int, window: int) -> range:
    """The numbers of the cells that answer the window up to `now` (both ms)."""
    return range((now - window + 1) // grain, now // grain + 1)


def total(found: Cells | None, now: int, grain: int, window: int) -> Cell | None:
    """All in the window together; None if the cells are cold. Without any cells, nothing was there yet."""
    if found is None:
        return NOTHING
    if found.cold:
        return None
    whole, known = NOTHING, found.cells
    for number in cells(now, grain, window):
        if number in known:
            whole = whole.plus(known[number])
    return whole


def _length(ms: int) -> str:
    unit = next(unit for unit in _UNITS if ms % unit == 0)
    return f"{ms // unit}{_UNITS[unit]}"
