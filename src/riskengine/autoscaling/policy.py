"""What an autoscaler decides: pure, without clock and I/O, so that the simulator runs the very same code."""

from collections.abc import Mapping

import msgspec

from riskengine.operations.scaling_rules import RULES, ScalingRule
from riskengine.operations.signals import Signal
from riskengine.stack.standing import Counts, Kind

_MINUTE = 60.0


class Bounds(msgspec.Struct, frozen=True):
    """How far, and how fast, one kind of process is scaled."""

    least: int
    most: int
    step: int = 1
    """Processes added or taken at a time."""
    cooldown_s: float = 3 * _MINUTE
    """Seconds after an action in which the kind is left alone, so that what the action brought can be seen."""


class Policy(msgspec.Struct, frozen=True):
    """By which rules, and within which bounds."""

    bounds: Mapping[Kind, Bounds]
    rules: tuple[ScalingRule, ...] = RULES


class Observation(msgspec.Struct, frozen=True):
    """What was seen at a moment: seconds on any clock that never goes back, signals, and counts.

    A signal that is missing is unknown.
    """

    at_s: float
    signals: Mapping[Signal, float]
    counts: Counts


class Action(msgspec.Struct, frozen=True):
    """That a kind of process is to have another count, the rule that says so, and why, in words with figures."""

    kind: Kind
    before: int
    after: int
    rule: str
    reason: str
