"""How many transactions arrive: a curve over the seconds of a scenario."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import msgspec
from msgspec import Meta

Rate = Annotated[float, Meta(ge=0, le=1_000_000)]
"""Transactions a second."""

Second = Annotated[float, Meta(ge=0)]
"""Seconds since the scenario began."""

Lasting = Annotated[float, Meta(gt=0)]
"""Seconds that something lasts."""


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rate at a moment."""

    at_s: Second
    per_s: Rate


class Curve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="curve"):
    """A kind of curve; `curve` names it."""

    def rate(self, at_s: float) -> float:
        """Transactions a second at a moment."""
        raise NotImplementedError

    def faults(self) -> Sequence[str]:
        """What is wrong with its fields together: `field: what to do`."""
        return ()


class Constant(Curve, frozen=True, tag="constant"):
    """The same all the time."""

    per_s: Rate

    def rate(self, at_s: float) -> float:
        return self.per_s


class Steps(Curve, frozen=True, tag="steps"):
    """Each rate from its moment on; nothing before the first."""

    steps: Annotated[tuple[Point, ...], Meta(min_length=1)]

    def rate(self, at_s: float) -> float:
        return next((step.per_s for step in reversed(self.steps) if step.at_s <= at_s), 0.0)

    def faults(self) -> Sequence[str]:
        return _disordered("steps", self.steps)


class Ramp(Curve, frozen=True, tag="ramp"):
    """Evenly from one rate to another in `over_s` from the beginning on, and then that one."""

    from_per_s: Rate
    to_per_s: Rate
    over_s: Lasting

    def rate(self, at_s: float) -> float:
        return self.from_per_s + (self.to_per_s - self.from_per_s) * min(1.0, at_s / self.over_s)


class Spike(Curve, frozen=True, tag="spike"):
    """`peak_per_s` for `for_s` from `at_s` on, and `base_per_s` before and after."""

    base_per_s: Rate
    peak_per_s: Rate
    at_s: Second
    for_s: Lasting

    def rate(self, at_s: float) -> float:
        return self.peak_per_s if self.at_s <= at_s < self.at_s + self.for_s else self.base_per_s


class Diurnal(Curve, frozen=True, tag="diurnal"):
    """A sine about a mean, by a share of it up and down, highest at `peak_at_s` of each period."""

    mean_per_s: Rate
    swing: Annotated[float, Meta(ge=0, le=1)]
    period_s: Lasting = 86_400.0
    peak_at_s: Second = 0.0

    def rate(self, at_s: float) -> float:
        return self.mean_per_s * (1 + self.swing * math.cos(2 * math.pi * (at_s - self.peak_at_s) / self.period_s))


class Points(Curve, frozen=True, tag="points"):
    """Straight lines between points; before the first and after the last, its rate."""

    points: Annotated[tuple[Point, ...], Meta(min_length=1)]

    def rate(self, at_s: float) -> float:
        if at_s <= self.points[0].at_s:
            return self.points[0].per_s
        for before, after in pairwise(self.points):
            if at_s < after.at_s:
                share = (at_s - before.at_s) / (after.at_s - before.at_s)
                return before.per_s + (after.per_s - before.per_s) * share
        return self.points[-1].per_s

    def faults(self) -> Sequence[str]:
        return _disordered("points", self.points)


Arrivals = Constant | Steps | Ramp | Spike | Diurnal | Points


def _disordered(field: str, points: Sequence[Point]) -> Sequence[str]:
    return [
        f"{field}[{number}].at_s: {after.at_s:g} must be after {before.at_s:g}: put them in the order of time"
        for number, (before, after) in enumerate(pairwise(points), start=1)
        if after.at_s <= before.at_s
    ]
