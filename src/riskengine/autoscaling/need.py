"""How many processes must remain: nothing is taken away that carries what comes in, or drains what waits."""

import math
from collections.abc import Iterator, Mapping

import msgspec

from riskengine.autoscaling import wording
from riskengine.autoscaling.policy import Observation
from riskengine.autoscaling.verdict import Why
from riskengine.operations.signals import Signal
from riskengine.stack.standing import Kind

MOST_BUSY = 0.6
"""Share of a processor that one remaining process may be expected to use: below the 0.7 from which more are started, so
that what was taken is not missed at once.
"""

FULLEST = 0.8
"""Share of the most that one worker was seen to decide which each of those that remain may be expected to decide. The
most is of the best minute of a day: the rest is for usual ones, and for what comes in beyond the average.
"""

DRAIN_S = 60.0
"""Seconds within which those that remain must also be able to decide what waits."""

_ROUNDING = 1e-9

_COUNTLESS = 1e9
"""More than there can be: rates next to nothing divide to infinity."""


class Need(msgspec.Struct, frozen=True):
    """How many must remain at least, and why, in words. `why` tells whether that was computed or is for lack of it."""

    count: int
    why: Why
    reason: str


def need(kind: Kind, observation: Observation, low_depth: float, ceiling: float | None = None) -> Need:
    """How many processes of the kind must remain; all, if a figure is missing that would tell.

    `ceiling` is the most that one worker was seen to decide, in messages a second, if that was seen (see `Ceiling`).

    What the n processes of a kind do now keeps `n × cpu` processors busy (API_CPU or WORKER_CPU, the average over
    them). If m remain, each is to use no more than MOST_BUSY of one, so of API processes

        m ≥ n × cpu / MOST_BUSY

    must remain. Workers must also be able to decide all that is accepted, not only what they happen to decide now, and
    to drain what waits within DRAIN_S. What a decision costs now is `n × cpu / DECIDED_RATE`, so

        m ≥ n × cpu × max(1, (ACCEPTED_RATE + QUEUE_DEPTH / DRAIN_S) / DECIDED_RATE) / MOST_BUSY

    A worker that waits for PostgreSQL and Valkey is full before its processor is. So, where the ceiling is known, also

        m ≥ (ACCEPTED_RATE + QUEUE_DEPTH / DRAIN_S) / (ceiling × FULLEST)

    Besides, no worker is taken while `low_depth` messages or more are in the queue, and none while some are accepted
    and none decided. Rates are of the whole engine, POST /decisions included: what API processes decide is in both.
    """
    now = observation.counts.of(kind)
    values = {name: observation.signals.get(name, math.nan) for name in _asked(kind)}
    for name, value in values.items():
        if math.isnan(value):
            return Need(now, Why.UNKNOWN, f"not known: {wording.title(name)}")
    if kind is Kind.API:
        return _carrying(now, now * values[Signal.API_CPU], "what they answer now")
    return _of_workers(now, values, low_depth, ceiling)


def _of_workers(now: int, values: Mapping[Signal, float], low_depth: float, ceiling: float | None) -> Need:
    """How many workers must remain, all figures being known."""
    depth, accepted, decided = (
        values[name] for name in (Signal.QUEUE_DEPTH, Signal.ACCEPTED_RATE, Signal.DECIDED_RATE)
    )
    if depth >= low_depth:
        return Need(now, Why.NEEDED, f"{wording.figure(Signal.QUEUE_DEPTH, depth)} wait to be decided")
    wanted = accepted + depth / DRAIN_S
    came_in = f"{wording.figure(Signal.ACCEPTED_RATE, accepted)} accepted"
    if decided <= 0 and wanted > 0:
        return Need(now, Why.NEEDED, f"{came_in}, and none decided")
    busy = now * values[Signal.WORKER_CPU]
    carrying = _carrying(now, busy * max(wanted, decided) / decided if decided > 0 else busy, came_in)
    deciding = _deciding(now, wanted, ceiling, came_in) if ceiling is not None else carrying
    return max(carrying, deciding, key=lambda limit: limit.count)


def _asked(kind: Kind) -> Iterator[Signal]:
    if kind is Kind.API:
        yield Signal.API_CPU
    else:
        yield from (Signal.QUEUE_DEPTH, Signal.WORKER_CPU, Signal.ACCEPTED_RATE, Signal.DECIDED_RATE)


def _carrying(now: int, busy: float, what: str) -> Need:
    """How many carry what keeps so many processors busy."""
    count = _whole(busy / MOST_BUSY)
    return Need(count, Why.NEEDED, f"{count} of {now} carry {what}, at {MOST_BUSY:.0%} of a processor each at most")


def _deciding(now: int, wanted: float, ceiling: float, what: str) -> Need:
    """How many decide so much, if one can decide as much as the ceiling."""
    count = _whole(wanted / (ceiling * FULLEST))
    most = wording.figure(Signal.DECIDED_RATE, ceiling)
    told = f"{count} of {now} decide {what}, each at most {FULLEST:.0%} of the {most} that one was seen to decide"
    return Need(count, Why.NEEDED, told)


def _whole(share: float) -> int:
    """The next whole number of processes."""
    return max(1, math.ceil(min(share, _COUNTLESS) - _ROUNDING))
