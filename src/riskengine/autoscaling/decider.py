"""When to have more or fewer processes: a state machine over observations, without clock and I/O."""

import math
from collections.abc import Iterator

import msgspec

from riskengine.autoscaling import wording
from riskengine.autoscaling.ceiling import Ceiling
from riskengine.autoscaling.need import need
from riskengine.autoscaling.policy import Action, Bounds, Observation, Policy
from riskengine.autoscaling.verdict import Held, Verdict, Why
from riskengine.operations.scaling_rules import Direction, ScalingRule
from riskengine.operations.signals import Signal
from riskengine.stack.standing import Kind

LONGEST_GAP_S = 60.0
"""Seconds between two looks at most: as long as the window of rates. In a longer gap there is time that nobody saw, and
no condition is known to have held without a break.
"""

MINIMUM = "Minimum"
"""What actions name as their rule that bring a kind up to the policy's `least`."""

ALL = "All"
"""What is named as the rule that was held back where all were."""

_AWAY = "PostgreSQL or Valkey does not answer (a breaker is not closed): other counts of processes would not help"

_LOW_DEPTH = 10.0
"""Messages from which on no worker is taken, if no rule of the policy says so: the specification's (M2)."""


class _Wish(msgspec.Struct, frozen=True):
    """What a rule would do, if nothing held it back."""

    rule: str
    after: int
    reason: str


class Decider:
    """Decides by a policy what is to be done, one observation after the other. ConfigurationError if it is no policy.

    A rule acts when its condition was met in every look of the last `hold_s` seconds: what is unknown is not met.
    Whatever asks for more wins over what asks for fewer, even before it has held long enough. After an action, and
    after a count was seen to change, whoever changed it, its kind is left alone for `cooldown_s`. Nothing is taken that
    `need` says is needed, by what is seen now and the most that one worker was seen to decide. Nothing is done while
    PostgreSQL or Valkey is away (their breakers, if these are known), which breaks all holds. Counts beyond the maximum
    fall to it as soon as something asks for fewer at all.
    """

    def __init__(self, policy: Policy) -> None:
        policy.check()
        self._policy = policy
        self._since: dict[str, float] = {}
        self._touched: dict[Kind, float] = {}
        self._before: Observation | None = None
        drained = [
            rule.when.threshold
            for rule in policy.rules
            if rule.direction is Direction.DOWN and rule.when.signal is Signal.QUEUE_DEPTH
        ]
        self._low_depth = max(drained, default=_LOW_DEPTH)
        self._ceiling = Ceiling(self._low_depth)

    def decide(self, observation: Observation) -> tuple[Action, ...]:
        """What is to be done after this look; of observations in the order of their time."""
        return self.weigh(observation).actions

    def weigh(self, observation: Observation) -> Verdict:
        """As `decide`, and with it what was held back, and why. Each observation is for one of both."""
        self._look(observation)
        if observation.signals.get(Signal.BREAKERS, 0) > 0:
            return Verdict((), tuple(Held(kind, ALL, Why.AWAY, _AWAY) for kind in self._policy.bounds))
        actions: list[Action] = []
        held: list[Held] = []
        for kind, bounds in self._policy.bounds.items():
            for outcome in self._outcomes(kind, bounds, observation):
                if isinstance(outcome, Action):
                    actions.append(outcome)
                    self._touched[kind] = observation.at_s
                else:
                    held.append(outcome)
        return Verdict(tuple(actions), tuple(held))

    def _look(self, observation: Observation) -> None:
        """Notes since when conditions are met, when counts changed, and what workers decide."""
        self._ceiling.look(observation)
        before, self._before = self._before, observation
        if before is not None:
            for kind in Kind:
                if before.counts.of(kind) != observation.counts.of(kind):
                    self._touched[kind] = observation.at_s
            if observation.at_s - before.at_s > LONGEST_GAP_S:
                self._since.clear()
        away = observation.signals.get(Signal.BREAKERS, 0) > 0
        for rule in self._policy.rules:
            if not away and rule.when.met(observation.signals.get(rule.when.signal, math.nan)):
                self._since.setdefault(rule.name, observation.at_s)
            else:
                self._since.pop(rule.name, None)

    def _outcomes(self, kind: Kind, bounds: Bounds, observation: Observation) -> Iterator[Action | Held]:
        """What comes of each rule of a kind whose condition is met."""
        now = observation.counts.of(kind)
        wish = _Wish(MINIMUM, bounds.least, f"there are to be {bounds.least} at least") if now < bounds.least else None
        for rule in self._met(kind, Direction.UP):
            if not self._held_long(rule, observation):
                yield self._early(rule, observation)
            elif now >= bounds.most:
                yield Held(kind, rule.name, Why.MAXIMUM, f"{self._reason(rule, observation)}, at the maximum of {now}")
            elif wish is None:
                wish = _Wish(rule.name, min(now + bounds.step, bounds.most), self._reason(rule, observation))
        for rule in self._met(kind, Direction.DOWN):
            outcome = self._down(rule, bounds, observation)
            if isinstance(outcome, Held):
                yield outcome
            elif wish is None:
                wish = outcome
        if wish is not None:
            yield self._act(kind, bounds, wish, observation)

    def _down(self, rule: ScalingRule, bounds: Bounds, observation: Observation) -> _Wish | Held:
        """What a rule would take, or why it may not."""
        kind, now, reason = rule.kind, observation.counts.of(rule.kind), self._reason(rule, observation)
        if not self._held_long(rule, observation):
            return self._early(rule, observation)
        more = next(self._met(kind, Direction.UP), None)
        if more is not None:
            return Held(kind, rule.name, Why.UP, f"{reason}, but {self._reason(more, observation)}")
        if now <= bounds.least:
            return Held(kind, rule.name, Why.MINIMUM, f"{reason}, at the minimum of {bounds.least}")
        needed = need(kind, observation, self._low_depth, self._ceiling.most)
        after = max(bounds.least, min(now - bounds.step, bounds.most), needed.count)
        if after >= now:
            return Held(kind, rule.name, needed.why, f"{reason}, but {needed.reason}")
        return _Wish(rule.name, after, f"{reason}; {needed.reason}")

    def _act(self, kind: Kind, bounds: Bounds, wish: _Wish, observation: Observation) -> Action | Held:
        """A wish as an action, unless the last one is too near."""
        left_s = self._touched.get(kind, -math.inf) + bounds.cooldown_s - observation.at_s
        if left_s > 0:
            told = f"{wish.reason}, left alone for {wording.duration(left_s)} more after the last change"
            return Held(kind, wish.rule, Why.COOLDOWN, told)
        return Action(kind, observation.counts.of(kind), wish.after, wish.rule, wish.reason)

    def _met(self, kind: Kind, direction: Direction) -> Iterator[ScalingRule]:
        """The rules whose conditions are met at this look."""
        return (
            rule
            for rule in self._policy.rules
            if (rule.kind, rule.direction) == (kind, direction) and rule.name in self._since
        )

    def _held_long(self, rule: ScalingRule, observation: Observation) -> bool:
        return observation.at_s - self._since[rule.name] >= rule.when.hold_s

    def _early(self, rule: ScalingRule, observation: Observation) -> Held:
        told = f"{self._reason(rule, observation)}, of the {wording.duration(rule.when.hold_s)} that it must hold"
        return Held(rule.kind, rule.name, Why.HOLD, told)

    def _reason(self, rule: ScalingRule, observation: Observation) -> str:
        held_s = observation.at_s - self._since[rule.name]
        return wording.met(rule.when, observation.signals[rule.when.signal], held_s)
