"""The alerts that ask for more or fewer processes: one for each rule of `scaling_rules.RULES`."""

import msgspec

from riskengine.operations.alert import Alert, Rule, Severity
from riskengine.operations.scaling_rules import RULES, Direction, ScalingRule
from riskengine.stack.standing import Kind


class _Told(msgspec.Struct, frozen=True):
    """What a rule cannot say itself: its line, its reason, and the demands it meets."""

    summary: str
    why: str
    demands: tuple[str, ...]


_TOLD = {
    "HighQueueDepth": _Told(
        "More than 1000 transactions wait in the queue",
        "1000 for five minutes is the specification's. A burst that the workers drain by then needs no more of them.",
        ("M2", "W2"),
    ),
    "HighQueueLag": _Told(
        "The oldest transaction in the queue has waited for more than 30 s",
        "30 s is the specification's. One minute is enough: the age itself is a duration.",
        ("W2",),
    ),
    "HighWorkerCpu": _Told(
        "Workers use more than 70 % of a processor each",
        "70 % is the specification's: above it, waiting times grow faster than the load. Five minutes, as for the API.",
        ("W2",),
    ),
    "LowQueueDepth": _Told(
        "Hardly anything waits in the queue",
        "Below 10 for 30 minutes is the specification's: a lull is no reason to let workers go.",
        ("M2",),
    ),
    "HighApiLatency": _Told(
        "One of 20 requests to the API takes longer than 300 ms",
        "300 ms for five minutes is the specification's.",
        ("M2", "A2"),
    ),
    "HighApiCpu": _Told(
        "API processes use more than 70 % of a processor each",
        "70 % for five minutes is the specification's.",
        ("A2",),
    ),
    "HighApiMemory": _Told(
        "An API process has more than 80 % of the memory that it may have",
        "80 % is the specification's. Five minutes: bodies of requests come and go.",
        ("A2",),
    ),
    "HighApiRequests": _Told(
        "More than 100 requests are under way in one API process",
        "100 is the specification's. One minute: so many at once are answered in less, or the process is behind.",
        ("A2",),
    ),
    "LowApiCpu": _Told(
        "API processes use less than 25 % of a processor each",
        "A quarter leaves room for one process less to stay below 70 %. 30 minutes, as for workers.",
        (),
    ),
}

_KINDS = {Kind.API: "API processes", Kind.WORKER: "workers"}


class _Words(msgspec.Struct, frozen=True):
    """What is so of all rules that lead the same way."""

    meaning: str
    feel: str
    causes: tuple[str, ...]
    todo: tuple[str, ...]


def _alert(rule: ScalingRule) -> Alert:
    told = _TOLD[rule.name]
    words = (_more if rule.direction is Direction.UP else _fewer)(rule.kind)
    return Alert(
        name=rule.name,
        severity=Severity.SCALING,
        rule=Rule.of(rule.when),
        summary=told.summary,
        meaning=words.meaning,
        feel=words.feel,
        why=told.why,
        causes=words.causes,
        todo=words.todo,
        demands=told.demands,
        action=f"scale_{rule.kind}_{rule.direction}",
    )


def _more(kind: Kind) -> _Words:
    return _Words(
        f"More {_KINDS[kind]} are needed. [An autoscaler](../autoscaling.md) starts them by the same rule; "
        "nobody need get up.",
        "Little yet: this is to come before users notice.",
        (
            "More traffic than before.",
            "Each transaction costs more than before: a larger rule set, a model, a slower database.",
        ),
        (
            "Where an autoscaler runs: nothing. If this lasts, it is at its maximum, or more processes do not help.",
            f"Where none runs: `riskengine scale {kind}=4`, or one replica more.",
            "If that does not help: see whether PostgreSQL or Valkey is the limit (`riskengine doctor`).",
        ),
    )


def _fewer(kind: Kind) -> _Words:
    return _Words(
        f"Fewer {_KINDS[kind]} would do. It is no fault.",
        "Nothing.",
        ("Less traffic than before.", "More of them than are needed, left from a peak."),
        (
            "Where an autoscaler runs: nothing. If this lasts, it is at its minimum, which is as it should be.",
            f"Where none runs: `riskengine scale {kind}=1`, or one replica less. Keep two where one may die.",
        ),
    )


ALERTS: tuple[Alert, ...] = tuple(_alert(rule) for rule in RULES)
"""In the order of the rules."""
