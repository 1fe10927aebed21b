"""A policy as Kubernetes' HorizontalPodAutoscaler can follow it, KEDA's included: one question for each rule.

An HPA knows no conditions. It takes the largest of its metrics, each divided by its target, and has so many times the
pods there are. So each rule becomes a question to Prometheus whose answer is that factor, for a target of 1, with hold
and threshold in it:

    rule up      0 while its condition is not met, 1 (leave all as it is) while it is, 100 once it has held
    rule down    1, and 0 once its condition has held

and the step and the cooldown become the most that the HPA may do in a period, which is all that it then does. What has
no answer counts for nothing upwards, and lets nothing be taken away: that is how an HPA deals with metrics that fail.
As for the autoscaler, nothing holds while a breaker for PostgreSQL or Valkey is open.
"""

import math

import msgspec

from riskengine.autoscaling.policy import Bounds, Policy
from riskengine.domain.errors import ConfigurationError
from riskengine.operations.scaling_rules import Direction, ScalingRule
from riskengine.operations.signals import DEFINITIONS, Condition, Signal
from riskengine.stack.standing import Kind

RESOLUTION_S = 15
"""Seconds between the moments at which a condition is looked at: a scrape of Prometheus, and a look of the HPA."""

MANY = 100
"""Times the pods that are ready: as far as it goes, even while few of them are, so that the step alone limits it."""

LONGEST_PERIOD_S = 1800
"""The longest period of an HPA's policy: what Kubernetes takes."""

_REACHED = f"({DEFINITIONS[Signal.BREAKERS].promql} <= bool 0 or vector(1))"
"""1 while PostgreSQL and Valkey are reached, as far as is known, and else 0."""

STAY = "Stay"
"""What the question is called that keeps what there is, where no rule ever takes any."""


class Question(msgspec.Struct, frozen=True):
    """What Prometheus is asked, under the name of a rule. The answer is how many times the pods there are to be."""

    name: str
    promql: str


def questions(kind: Kind, policy: Policy) -> list[Question]:
    """Those of a kind's rules."""
    rules = [rule for rule in policy.rules if rule.kind is kind]
    found = [Question(rule.name, _factor(rule)) for rule in rules]
    if any(rule.direction is Direction.DOWN for rule in rules):
        return found
    return [*found, Question(STAY, "vector(1)")]


def behavior(kind: Kind, bounds: Bounds) -> dict[str, object]:
    """So many pods at a time, and no more in a cooldown. Raises ConfigurationError if an HPA cannot wait so long."""
    period = max(1, math.ceil(bounds.cooldown_s))
    if period > LONGEST_PERIOD_S:
        raise ConfigurationError(
            f"bounds.{kind}.cooldown_s is {bounds.cooldown_s:g}, and Kubernetes takes {LONGEST_PERIOD_S} s at most: "
            "lower it, or scale with `riskengine autoscale --kubernetes`"
        )
    policies = [{"type": "Pods", "value": bounds.step, "periodSeconds": period}]
    once = {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": policies}
    return {"scaleUp": once, "scaleDown": dict(once, policies=[dict(policies[0])])}


def _factor(rule: ScalingRule) -> str:
    held = _held(rule.when)
    if rule.direction is Direction.DOWN:
        return f"1 - ({held})"
    return f"({_now(rule.when)}) + {MANY - 1} * ({held})"


def _now(when: Condition) -> str:
    """1 while the condition is met, and else 0."""
    return f"{DEFINITIONS[when.signal].promql} {'<' if when.below else '>'} bool {when.threshold:g}"


def _held(when: Condition) -> str:
    """1 if the condition was met at every moment of its duration, each known and without an open breaker, and else 0.

    Each moment counts 1 or -1, as a window may have one moment more than it is long, by where it begins.
    """
    counted = f"({_now(when)}) * {_REACHED}"
    looks = math.ceil(when.hold_s / RESOLUTION_S)
    if not looks:
        return counted
    return f"sum_over_time((2 * {counted} - 1)[{looks * RESOLUTION_S}s:{RESOLUTION_S}s]) >= bool {looks}"
