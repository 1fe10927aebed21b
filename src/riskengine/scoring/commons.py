"""What a catalogue's features need remembered of all accounts together: sets of accounts, and series."""

import math
from collections.abc import Callable, Sequence
from operator import attrgetter

import msgspec

from riskengine.domain.transaction import Transaction
from riskengine.scoring import series, shared
from riskengine.scoring.event import Event
from riskengine.scoring.features import filters, support
from riskengine.scoring.features.catalogue import Feature
from riskengine.scoring.memory import Memory, Step
from riskengine.scoring.money import MISSING
from riskengine.scoring.series import FIELDS, Cell, Cells, Series

PEERS = "peers"
"""What the sample of peers is called among the parts."""

_SETS: dict[str, Callable[[Transaction], str]] = {
    "device": shared.device,
    "ip": shared.ip,
    "beneficiary": shared.beneficiary,
    "merchant": shared.merchant,
}


class _Counted(msgspec.Struct, frozen=True):
    """A series, how to see which of its cells a transaction belongs to, and whether it counts there."""

    series: Series
    value: Callable[[Transaction], str | None]
    counts: Callable[[Event], bool] | None
    longest: int


class Commons:
    """The parts that are needed. The sample of peers always is; the default catalogue has three sets and no series."""

    def __init__(self, features: Sequence[Feature]) -> None:
        """Raises ConfigurationError if one of the features is wrong."""
        self._parts = {feature.name: part for feature in features if (part := _part(feature))}
        found = {f.name: series.of(f) for f in features if f.name in self._parts and f.aggregate != "accounts"}
        self.series = {one.name: one for one in found.values()}
        self.sets = frozenset(self._parts.values()) - self.series.keys()
        self.names = frozenset((PEERS, *self._parts.values()))
        self._keys = [key for entity, key in _SETS.items() if entity in self.sets]
        self._counted = [
            _Counted(
                one,
                attrgetter(FIELDS[one.entity]),
                _condition(next(f for f in features if found.get(f.name) == one)),
                max(f.window_ms for f in features if found.get(f.name) == one),
            )
            for one in self.series.values()
        ]
        flagged = dict.fromkeys(found[f.name].entity for f in features if f.name in found and f.aggregate == "flagged")
        self.crossing = tuple(flagged)
        self._crossing = [_SETS[entity] for entity in flagged]

    def part(self, feature: str) -> str | None:
        """The part that a feature is computed from; None if it is from nothing that accounts share."""
        return self._parts.get(feature)

    def keys(self, transaction: Transaction) -> list[str]:
        """The names of the sets that a transaction belongs to."""
        return [found for key in self._keys if (found := key(transaction))]

    def meets(self, transaction: Transaction) -> list[str]:
        """Through what the outcome of a transaction reaches those of others."""
        return [found for key in self._crossing if (found := key(transaction))]

    def seen(self, transaction: Transaction) -> list[tuple[Series, str, range]]:
        """The cells that the features of a transaction are computed from: their series, value and numbers."""
        return [
            (one.series, value, series.cells(transaction.occurred_at, one.series.grain, one.longest))
            for one in self._counted
            if (value := one.value(transaction))
        ]

    def steps(self, transaction: Transaction, now: Event, flagged: bool) -> list[Step]:
        """What a transaction, which is the event `now`, adds to series."""
        missing = now.amount == MISSING
        own = Cell(1, int(missing), 0 if missing else now.amount, int(flagged))
        return [
            Step(one.series, value, now.time // one.series.grain, own)
            for one in self._counted
            if (value := one.value(transaction)) and (one.counts is None or one.counts(now))
        ]

    def count(self, memory: Memory, transaction: Transaction, now: Event) -> None:
        """Counts a transaction that is not yet judged."""
        _add(memory, self.steps(transaction, now, flagged=False))

    def judged(self, memory: Memory, transaction: Transaction, now: Event, flagged: bool) -> None:
        """Notes what became of a transaction that was counted."""
        steps = self.steps(transaction, now, flagged)
        if flagged:
            _add(memory, [msgspec.structs.replace(step, cell=Cell(0, 0, 0, 1)) for step in steps])
        if memory.steps is not None:
            memory.steps.setdefault(transaction.account_id, []).extend(steps)


def _part(feature: Feature) -> str | None:
    if feature.entity not in FIELDS:
        return None
    return feature.entity if feature.aggregate == "accounts" else series.of(feature).name


def _add(memory: Memory, steps: Sequence[Step]) -> None:
    for step in steps:
        found = memory.series.setdefault(step.series.key(step.value), Cells())
        if not found.cold:
            found.add(step.number, step.cell, step.series.keeps)


def _condition(feature: Feature) -> Callable[[Event], bool] | None:
    """Whether an event passes the feature's filter, as a function; None if it has none."""
    if not feature.filter.strip():
        return None
    condition = filters.condition(feature)
    columns = ", ".join(f"c_{name}" for name in condition.columns)
    values = ", ".join(f"event.{name}" for name in condition.columns)
    names = {"nan": math.nan, "divide": support.divide}
    function: Callable[[Event], bool] = eval(f"lambda event: (lambda {columns}: {condition.code})({values})", names)
    return function
