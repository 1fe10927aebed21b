"""Replaying what accounts share, in the order of the decisions. For information: live may miss what is in flight."""

from collections import Counter, OrderedDict
from math import isnan
from typing import TypeVar

from riskengine.domain.account import Account
from riskengine.domain.clock import DAY
from riskengine.domain.decision import Verdict
from riskengine.domain.outcome import Outcome
from riskengine.domain.transaction import Transaction
from riskengine.pipeline.proof.bits import Selection
from riskengine.pipeline.proof.report import SharedFeature
from riskengine.scoring import event as events
from riskengine.scoring.engine import Engine
from riskengine.scoring.event import Past
from riskengine.scoring.features.catalogue import Feature
from riskengine.scoring.features.compiler import Vector
from riskengine.scoring.history import History
from riskengine.scoring.memory import Memory

WARM_UP = DAY
"""How long (ms) before a span replaying starts. Features over longer windows are only compared if it has no start."""

MOST_SHARED = 100_000
"""Devices, addresses, beneficiaries and merchants remembered at once, those used last: about 100 MB."""

Value = TypeVar("Value")


class Latest(OrderedDict[str, Value]):
    """Holds up to MOST_SHARED values; the one that was used longest ago goes first."""

    def get(self, key: str, default: Value | None = None) -> Value | None:  # type: ignore[override]
        """The value, which is then the last to go."""
        if key not in self:
            return default
        self.move_to_end(key)
        return self[key]

    def setdefault(self, key: str, default: Value) -> Value:
        """The value, which is then the last to go; the default is added if there is none."""
        if key not in self:
            self[key] = default
            if len(self) > MOST_SHARED:
                self.popitem(last=False)
        self.move_to_end(key)
        return self[key]


class Sharing:
    """Computes the features that accounts share again, and counts how many come out as they are stored."""

    def __init__(self, *, whole: bool) -> None:
        """`whole`: it starts where everything does, so that windows of any length can be compared."""
        self._whole = whole
        self._memory = Memory(shared=Latest(), series=Latest())
        self._selections: dict[int, Selection] = {}
        self._horizons: dict[int, int] = {}
        self._compared: Counter[str] = Counter()
        self._unlike: Counter[str] = Counter()
        self._largest: dict[str, float] = {}

    def take(
        self, transaction: Transaction, account: Account, engine: Engine, stored: Verdict, *, compare: bool
    ) -> None:
        """Goes on with the next decision; one that is not to be compared only leads to others."""
        memory = self._memory
        now = events.of(transaction, engine.rates)
        if compare:
            self._begin(engine)
            history = History.empty(account, self._horizons[engine.catalogue.version])
            values = engine.features(transaction, now, history, memory)
            self._compare(self._selections[engine.catalogue.version], stored.features, values)
        engine.share(transaction, Past(now, stored.outcome is not Outcome.APPROVE), account.type, memory)
        memory.slots.clear()

    @property
    def figures(self) -> tuple[SharedFeature, ...]:
        """What came of it, by feature."""
        return tuple(
            SharedFeature(name, count, count - self._unlike[name], self._largest.get(name, 0.0))
            for name, count in self._compared.items()
        )

    def _begin(self, engine: Engine) -> None:
        """Looks up once what is needed of a catalogue for every decision."""
        version = engine.catalogue.version
        if version not in self._selections:
            self._selections[version] = Selection(engine.catalogue, self._is_comparable)
            self._horizons[version] = engine.catalogue.horizon

    def _compare(self, selection: Selection, stored: Vector, values: Vector) -> None:
        self._compared.update(selection.names)
        for unlike in selection.unlike(stored, values):
            self._unlike[unlike.field] += 1
            if isinstance(unlike.stored, float) and isinstance(unlike.replayed, float):
                gap = abs(unlike.stored - unlike.replayed)
                if not isnan(gap):
                    self._largest[unlike.field] = max(self._largest.get(unlike.field, 0.0), gap)

    def _is_comparable(self, feature: Feature) -> bool:
        if feature.entity == "account":
            return False
        return self._whole or not feature.window or feature.window_ms <= WARM_UP
