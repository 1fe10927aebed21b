"""What an autoscaler decides: pure, without clock and I/O, so that the simulator runs the very same code."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from riskengine.domain.errors import ConfigurationError
from riskengine.operations.scaling_rules import RULES, Direction, ScalingRule
from riskengine.operations.signals import DEFINITIONS, Signal
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
    """By which rules, and within which bounds. A kind without bounds is left alone."""

    bounds: Mapping[Kind, Bounds]
    rules: tuple[ScalingRule, ...] = RULES

    def check(self) -> None:
        """Raises ConfigurationError, with every fault in it, if nobody could act by this policy."""
        faults = [*self._faulty_bounds(), *self._faulty_rules(), *self._crossed()]
        if faults:
            raise ConfigurationError("this is no policy for scaling: " + "; ".join(faults))

    def _faulty_bounds(self) -> Iterator[str]:
        if not self.bounds:
            yield "bounds: name at least one kind of process, api or worker"
        for kind, bounds in self.bounds.items():
            place = f"bounds.{kind}"
            if bounds.least < 1:
                yield f"{place}.least is {bounds.least}: keep at least 1"
            if bounds.most < bounds.least:
                yield f"{place}.most ({bounds.most}) is below least ({bounds.least}): raise most, or lower least"
            if bounds.step < 1:
                yield f"{place}.step is {bounds.step}: it must be at least 1"
            if not 0 <= bounds.cooldown_s < math.inf:
                yield f"{place}.cooldown_s is {bounds.cooldown_s:g}: it must be 0 or more seconds"

    def _faulty_rules(self) -> Iterator[str]:
        for name, count in Counter(rule.name for rule in self.rules).items():
            if count > 1:
                yield f"rules.{name} is there {count} times: keep one"
        for rule in self.rules:
            threshold, share = rule.when.threshold, DEFINITIONS[rule.when.signal].unit == "1"
            if not 0 <= threshold < math.inf:
                yield f"rules.{rule.name}.threshold is {threshold:g}: it must be 0 or more"
            elif share and threshold > 1:
                yield f"rules.{rule.name}.threshold is {threshold:g}: a share is from 0 to 1 (0.7 is 70 %)"
            if not 0 <= rule.when.hold_s < math.inf:
                yield f"rules.{rule.name}.hold_s is {rule.when.hold_s:g}: it must be 0 or more seconds"

    def _crossed(self) -> Iterator[str]:
        """Rules that would ask for more and for fewer at once."""
        for up in (rule for rule in self.rules if rule.direction is Direction.UP and not rule.when.below):
            for down in (rule for rule in self.rules if rule.direction is Direction.DOWN and rule.when.below):
                same = (up.kind, up.when.signal) == (down.kind, down.when.signal)
                if same and down.when.threshold >= up.when.threshold:
                    yield (
                        f"rules.{down.name}.threshold ({down.when.threshold:g}) is not below that of {up.name} "
                        f"({up.when.threshold:g}): between them must be room in which nothing is done"
                    )


class Observation(msgspec.Struct, frozen=True):
    """What was seen at a moment: seconds on any clock that never goes back, signals, and counts.

    A signal that is missing (or not a number) is unknown. `counts` are the processes that are wanted, not those that
    live at this moment.
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
