"""What an autoscaler may do, told anew from all that was seen, by sentences rather than by a state machine."""

import itertools
import math
from collections.abc import Sequence

import msgspec

from riskengine.autoscaling.ceiling import KEPT_S, WHOLE_S
from riskengine.autoscaling.decider import LONGEST_GAP_S
from riskengine.autoscaling.need import DRAIN_S, FULLEST, MOST_BUSY
from riskengine.autoscaling.policy import Action, Observation, Policy
from riskengine.operations.scaling_rules import Direction, ScalingRule
from riskengine.operations.signals import Signal
from riskengine.stack.standing import Kind


class Look(msgspec.Struct, frozen=True):
    """An observation and what was done after it."""

    seen: Observation
    done: tuple[Action, ...]


def met(rule: ScalingRule, seen: Observation) -> bool:
    """Whether a rule's condition is known to be met."""
    if seen.signals.get(Signal.BREAKERS, 0) > 0:
        return False
    value = seen.signals.get(rule.when.signal, math.nan)
    return value < rule.when.threshold if rule.when.below else value > rule.when.threshold


def fires(rule: ScalingRule, looks: Sequence[Observation]) -> bool:
    """Whether it is met now and was in each look back to `hold_s` ago or longer, without a gap between them."""
    now = looks[-1].at_s
    for place in range(len(looks) - 1, -1, -1):
        if not met(rule, looks[place]):
            return False
        if now - looks[place].at_s >= rule.when.hold_s:
            return True
        if place and looks[place].at_s - looks[place - 1].at_s > LONGEST_GAP_S:
            return False
    return False


def cooling(policy: Policy, kind: Kind, looks: Sequence[Look], now: Observation) -> bool:
    """Whether the kind was acted upon, or seen to change, less than its cooldown ago."""
    seen = [*(look.seen for look in looks), now]
    touched = [look.seen.at_s for look in looks if any(action.kind is kind for action in look.done)]
    pairs = itertools.pairwise(seen)
    touched += [after.at_s for before, after in pairs if before.counts.of(kind) != after.counts.of(kind)]
    return any(now.at_s < at_s + policy.bounds[kind].cooldown_s for at_s in touched)


def counts(looks: Sequence[Observation], low_depth: float) -> bool:
    """Whether the last look tells what a worker can decide: messages waited for a minute, for as many workers."""
    for place in range(len(looks) - 1, -1, -1):
        look = looks[place]
        signals, workers = look.signals, look.counts.worker
        if workers != looks[-1].counts.worker or signals.get(Signal.BREAKERS, 0) > 0:
            return False
        if math.isnan(signals.get(Signal.DECIDED_RATE, math.nan)):
            return False
        if not signals.get(Signal.QUEUE_DEPTH, math.nan) >= low_depth:
            return False
        if looks[-1].at_s - look.at_s >= WHOLE_S:
            return looks[-1].signals[Signal.DECIDED_RATE] > 0
        if place and look.at_s - looks[place - 1].at_s > WHOLE_S:
            return False
    return False


def ceiling(looks: Sequence[Observation], low_depth: float) -> float:
    """The most that a worker was seen to decide within the last day; infinity if that was not seen."""
    found = [
        look.signals[Signal.DECIDED_RATE] / look.counts.worker
        for place, look in enumerate(looks)
        if looks[-1].at_s - look.at_s <= KEPT_S and counts(looks[: place + 1], low_depth)
    ]
    return max(found, default=math.inf)


def suffices(kind: Kind, count: int, looks: Sequence[Observation], low_depth: float) -> bool:
    """Whether so many would carry what comes in, none of them busier than MOST_BUSY, nor fuller than FULLEST."""
    seen = looks[-1]
    known = {name: value for name, value in seen.signals.items() if not math.isnan(value)}
    now = seen.counts.of(kind)
    try:
        if kind is Kind.API:
            return now * known[Signal.API_CPU] / count <= MOST_BUSY * (1 + 1e-6)
        depth, accepted = known[Signal.QUEUE_DEPTH], known[Signal.ACCEPTED_RATE]
        decided, busy = known[Signal.DECIDED_RATE], now * known[Signal.WORKER_CPU]
    except KeyError:
        return False
    asked = accepted + depth / DRAIN_S
    if depth >= low_depth or (decided == 0 and asked > 0):
        return False
    if asked > count * FULLEST * ceiling(looks, low_depth) * (1 + 1e-6):
        return False
    if decided == 0 or asked <= decided:
        return busy / count <= MOST_BUSY * (1 + 1e-6)
    return asked * busy / decided <= count * MOST_BUSY * (1 + 1e-6)


def expected(policy: Policy, looks: Sequence[Look], now: Observation) -> dict[Kind, int]:
    """The count that each kind is to have after this look, where it is another than now."""
    wanted: dict[Kind, int] = {}
    seen = [*(look.seen for look in looks), now]
    depths = [
        rule.when.threshold for rule in policy.rules if rule.when.signal is Signal.QUEUE_DEPTH and rule.when.below
    ]
    for kind, bounds in policy.bounds.items():
        count = now.counts.of(kind)
        rules = [rule for rule in policy.rules if rule.kind is kind]
        ups = [rule for rule in rules if rule.direction is Direction.UP]
        downs = [rule for rule in rules if rule.direction is Direction.DOWN]
        target = count
        if now.signals.get(Signal.BREAKERS, 0) > 0:
            continue
        if count < bounds.least:
            target = bounds.least
        elif any(fires(rule, seen) for rule in ups):
            target = max(count, min(count + bounds.step, bounds.most))
        elif any(fires(rule, seen) for rule in downs) and not any(met(rule, now) for rule in ups):
            furthest = max(bounds.least, min(count - bounds.step, bounds.most))
            enough = [some for some in range(furthest, count) if suffices(kind, some, seen, max(depths, default=10))]
            target = min(enough, default=count)
        if target != count and not cooling(policy, kind, looks, now):
            wanted[kind] = target
    return wanted
