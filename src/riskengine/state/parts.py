"""The words of what is kept in Valkey beside histories: what is sought, found and changed."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from riskengine.state.commands import Command

DONE = "done"
"""The position of a series whose past is counted."""


class SoughtCells(msgspec.Struct, frozen=True):
    """Cells of a series for one value (a merchant, a device), from the first number to the last."""

    series: str
    value: str
    first: int
    last: int


class FoundCells(msgspec.Struct, frozen=True):
    """What is in them: events, those of an unknown amount, sum and those not approved, by number.

    `newest` is the number of the newest cell there is; None: there was nothing yet.
    """

    newest: int | None
    cells: dict[int, tuple[int, int, int, int]]


class Addition(msgspec.Struct, frozen=True):
    """What is added to one cell: events, those of an unknown amount, sum and those not approved.

    Of the series' cells, `keeps` before the newest are kept, all for `lives` seconds after the last addition.
    """

    series: str
    keeps: int
    lives: int
    value: str
    number: int
    cell: tuple[int, int, int, int]


class Sought(msgspec.Struct, frozen=True):
    """What a batch needs to see: accounts, the shared keys of its transactions, slots of its accounts, and cells."""

    accounts: Sequence[str]
    shared: Sequence[str]
    slots: Sequence[int]
    cells: Sequence[SoughtCells] = ()


class Found(msgspec.Struct, frozen=True):
    """What there is of it. `histories` are bytes by account, without the missing ones.

    `shared` is account hash -> last time (ms) by key; `slots` is (log amount, type) by slot; `moments` is (count, sum,
    sum of squares) by account type; `cells` are as they were sought, None where their past is not counted. `kept` names
    the parts of what accounts share that are kept whole in every partition that was read; None: of one of them all was
    lost and is not yet rebuilt. `kept_somewhere` are those that are kept whole in one of them at least.
    """

    histories: dict[str, bytes]
    shared: dict[str, dict[int, int]]
    slots: dict[int, tuple[int, str]]
    moments: dict[str, tuple[int, int, int]]
    cells: list[FoundCells | None]
    kept: frozenset[str] | None
    kept_somewhere: frozenset[str]


class Changes(msgspec.Struct, frozen=True):
    """What a batch changed: histories by account, (key, account hash, time in ms), (slot, log amount, type), and cells.

    `decided_at` (ms) is when the transactions were decided that are added to cells. `cached` are the decisions.
    """

    histories: Mapping[str, bytes]
    shared: Sequence[tuple[str, int, int]]
    slots: Sequence[tuple[int, int, str]]
    cells: Sequence[Addition] = ()
    decided_at: int = 0
    cached: Sequence[Command] = ()


class Stand(msgspec.Struct, frozen=True):
    """How far the past of a series is counted: all decided before `since` (ms) up to the position, the rest is live."""

    since: int
    position: str

    @classmethod
    def of(cls, text: str) -> "Stand":
        """From its text in Valkey."""
        since, _, position = text.partition(" ")
        return cls(int(since), position)

    @property
    def place(self) -> tuple[bool, str]:
        """What tells which of two stands is further behind: the lesser."""
        return self.is_done, self.position

    @property
    def text(self) -> str:
        """As it is kept in Valkey."""
        return f"{self.since} {self.position}"

    @property
    def is_done(self) -> bool:
        """Whether all is counted."""
        return self.position == DONE


@lru_cache(maxsize=1024)
def kept(value: bytes | None, partitions: int) -> frozenset[str] | None:
    """The names in the text that says what a partition keeps; None if nothing, or for another number of partitions."""
    layout, *names = value.decode().split() if value else ("",)
    return frozenset(names) if layout == str(partitions) else None


def cells(flat: Sequence[bytes] | None) -> FoundCells | None:
    """What read_series.lua says of one key."""
    if flat is None:
        return None
    if not flat:
        return FoundCells(None, {})
    newest, *values = map(int, flat)
    rows = zip(*[iter(values)] * 5, strict=True)
    return FoundCells(
        newest, {number: (events, unknown, sum_, flagged) for number, events, unknown, sum_, flagged in rows}
    )
