"""What an autoscaler sees: signals of simulated time, as Prometheus would compute them over a minute."""

import math
from collections import deque
from collections.abc import Iterable

import msgspec

from riskengine.capacity.whatif.plant import Delay, Plant, Totals
from riskengine.operations.signals import Signal
from riskengine.stack.standing import Kind

WINDOW_S = 60.0
"""Seconds over which rates are taken: those of the signals' expressions."""


class _Look(msgspec.Struct, frozen=True, gc=False):
    at_s: float
    totals: Totals
    process_s: dict[Kind, float]
    answered: Delay


class Window:
    """The last minute."""

    def __init__(self) -> None:
        self._looks: deque[_Look] = deque()
        self._process_s = dict.fromkeys(Kind, 0.0)

    def note(self, at_s: float, seconds: float, plant: Plant, answered: Delay) -> None:
        """Notes how it stands after a step of so many seconds."""
        for kind in Kind:
            self._process_s[kind] += plant.ready[kind] * seconds
        self._looks.append(_Look(at_s, msgspec.structs.replace(plant.totals), dict(self._process_s), answered))
        while len(self._looks) > 2 and self._looks[1].at_s <= at_s - WINDOW_S:
            self._looks.popleft()

    def signals(self, at_s: float, plant: Plant) -> dict[Signal, float]:
        """All that can be known in a simulation; memory and connections cannot."""
        found = {
            Signal.QUEUE_DEPTH: plant.queued,
            Signal.QUEUE_LAG: plant.queue_lag(at_s),
            Signal.API_REQUESTS: plant.requests,
        }
        if len(self._looks) < 2:
            return found
        first, last = self._looks[0], self._looks[-1]
        seconds = last.at_s - first.at_s
        before, now = first.totals, last.totals
        found[Signal.ACCEPTED_RATE] = (now.accepted - before.accepted) / seconds
        found[Signal.DECIDED_RATE] = (now.decided - before.decided) / seconds
        offered = now.accepted - before.accepted + now.refused - before.refused
        found[Signal.ERROR_RATE] = (now.refused - before.refused) / offered if offered else 0.0
        used = {Kind.API: now.api_cpu_s - before.api_cpu_s, Kind.WORKER: now.worker_cpu_s - before.worker_cpu_s}
        for kind, signal in ((Kind.API, Signal.API_CPU), (Kind.WORKER, Signal.WORKER_CPU)):
            if lived := last.process_s[kind] - first.process_s[kind]:
                found[signal] = used[kind] / lived
        if not math.isnan(p95 := percentile((look.answered for look in self._looks), 0.95)):
            found[Signal.API_P95] = p95
        return found


def percentile(delays: Iterable[Delay], share: float) -> float:
    """The least time that the share of all transactions is not above; NaN where there are none."""
    ordered = sorted((delay for delay in delays if delay.count > 0), key=lambda delay: delay.seconds)
    left = share * sum(delay.count for delay in ordered)
    for delay in ordered:
        left -= delay.count
        if left <= 0:
            return delay.seconds
    return ordered[-1].seconds if ordered else math.nan
