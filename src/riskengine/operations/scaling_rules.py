"""When there are to be more or fewer processes: one source of scaling alerts, the autoscaler, and KEDA's triggers.

Thresholds are the specification's (A2, W2, M2).
"""

from enum import StrEnum

import msgspec

from riskengine.operations.signals import Condition, Signal
from riskengine.stack.standing import Kind

_MINUTE = 60.0


class Direction(StrEnum):
    """Where a rule leads."""

    UP = "up"
    DOWN = "down"


class ScalingRule(msgspec.Struct, frozen=True):
    """A kind of process is to be scaled in a direction while a condition holds. `name` is that of its alert."""

    name: str
    kind: Kind
    direction: Direction
    when: Condition


RULES: tuple[ScalingRule, ...] = (
    ScalingRule("HighQueueDepth", Kind.WORKER, Direction.UP, Condition(Signal.QUEUE_DEPTH, 1000, 5 * _MINUTE)),
    ScalingRule("HighQueueLag", Kind.WORKER, Direction.UP, Condition(Signal.QUEUE_LAG, 30, 1 * _MINUTE)),
    ScalingRule("HighWorkerCpu", Kind.WORKER, Direction.UP, Condition(Signal.WORKER_CPU, 0.7, 5 * _MINUTE)),
    ScalingRule(
        "LowQueueDepth", Kind.WORKER, Direction.DOWN, Condition(Signal.QUEUE_DEPTH, 10, 30 * _MINUTE, below=True)
    ),
    ScalingRule("HighApiLatency", Kind.API, Direction.UP, Condition(Signal.API_P95, 0.3, 5 * _MINUTE)),
    ScalingRule("HighApiCpu", Kind.API, Direction.UP, Condition(Signal.API_CPU, 0.7, 5 * _MINUTE)),
    ScalingRule("HighApiMemory", Kind.API, Direction.UP, Condition(Signal.API_MEMORY, 0.8, 5 * _MINUTE)),
    ScalingRule("HighApiRequests", Kind.API, Direction.UP, Condition(Signal.API_REQUESTS, 100, 1 * _MINUTE)),
    ScalingRule("LowApiCpu", Kind.API, Direction.DOWN, Condition(Signal.API_CPU, 0.25, 30 * _MINUTE, below=True)),
)
"""Every rule, in the order in which they are told. A2's p95 of 200 ms warns people (M1); what acts is M2's 300 ms."""
