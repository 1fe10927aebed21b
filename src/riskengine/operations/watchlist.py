"""Which conditions of alerts hold, since when, and which did: of those alerts that look at one signal."""

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from riskengine.operations.alert import Severity
from riskengine.operations.alerts import ALERTS
from riskengine.operations.signals import Condition, Signal

REMEMBERED = 8
"""Alerts that are over and remembered: the last ones."""


class Watched(msgspec.Struct, frozen=True):
    """A condition, under the name of its alert."""

    name: str
    severity: Severity
    condition: Condition


class Holding(msgspec.Struct, frozen=True):
    """A condition that is met, for `since_s` seconds; it alerts when that is as long as its condition says."""

    watched: Watched
    value: float
    since_s: float

    @property
    def alerts(self) -> bool:
        """Whether it has held for long enough."""
        return self.since_s >= self.watched.condition.hold_s


class Ended(msgspec.Struct, frozen=True):
    """An alert that is over: it held for so many seconds, until so many seconds ago."""

    watched: Watched
    held_s: float
    ago_s: float


class _Last(msgspec.Struct, frozen=True):
    watched: Watched
    began_s: float
    ended_s: float


def watched() -> Iterator[Watched]:
    """All conditions on one signal that alert, the gravest first."""
    for severity in Severity:
        for alert in ALERTS:
            if alert.severity is severity and alert.rule.condition is not None:
                yield Watched(alert.name, severity, alert.rule.condition)


class Watchlist:
    """Follows conditions from look to look, in the order of their time. What is unknown breaks what held."""

    def __init__(self, every: Sequence[Watched]) -> None:
        self._every = every
        self._since: dict[str, float] = {}
        self._last: deque[_Last] = deque(maxlen=REMEMBERED)
        self._now_s = 0.0

    def look(self, at_s: float, signals: Mapping[Signal, float]) -> tuple[Holding, ...]:
        """Those that hold now: what alerts, then what may alert soon."""
        self._now_s = at_s
        found: list[Holding] = []
        for one in self._every:
            value = signals.get(one.condition.signal, math.nan)
            if one.condition.met(value):
                since = self._since.setdefault(one.name, at_s)
                found.append(Holding(one, value, at_s - since))
            elif (began := self._since.pop(one.name, None)) is not None and at_s - began >= one.condition.hold_s:
                self._last.appendleft(_Last(one, began, at_s))
        return tuple(sorted(found, key=lambda holding: not holding.alerts))

    @property
    def over(self) -> tuple[Ended, ...]:
        """The last alerts that are over, the latest first."""
        return tuple(Ended(one.watched, one.ended_s - one.began_s, self._now_s - one.ended_s) for one in self._last)
