"""Writing down how it stands, moment by moment."""

import math

import msgspec

from riskengine.capacity.whatif.course import Moment
from riskengine.capacity.whatif.crew import Crew
from riskengine.capacity.whatif.plant import Delay, Flow, Plant
from riskengine.capacity.whatif.scenario import Scenario
from riskengine.capacity.whatif.window import percentile
from riskengine.stack.standing import Kind

MOMENTS = 600
"""Moments of a course: as many as a picture can show."""

HOUR_S = 3600.0


class Recorder:
    """Watches the plant. `late` are decisions that came later than the scenario bears."""

    def __init__(self, scenario: Scenario, plant: Plant, crew: Crew) -> None:
        self._scenario = scenario
        self._plant = plant
        self._crew = crew
        self._every_s = scenario.duration_s / MOMENTS
        self._before = msgspec.structs.replace(plant.totals)
        self._last_s = 0.0
        self._decided: list[Delay] = []
        self._answered: list[Delay] = []
        self._cost = 0.0
        self.late = 0.0
        self.moments: list[Moment] = []

    def note(self, now: float, seconds: float, flow: Flow) -> None:
        """Adds a step that ends now, and a moment when it is time for one."""
        self._decided += flow.decided
        self._answered.append(flow.answered)
        self.late += sum(delay.count for delay in flow.decided if delay.seconds > self._scenario.late_after_s)
        self._cost += self._price_hour * seconds / HOUR_S
        if now - self._last_s >= self._every_s - 1e-9:
            self._add(now)

    @property
    def _price_hour(self) -> float:
        prices, wanted = self._scenario.prices, self._crew.wanted
        return prices.fixed_hour + wanted.api * prices.api_hour + wanted.worker * prices.worker_hour

    def _add(self, now: float) -> None:
        before, totals, seconds = self._before, self._plant.totals, now - self._last_s
        self.moments.append(
            Moment(
                at_s=round(now, 6),
                offered_per_s=(totals.offered - before.offered) / seconds,
                accepted_per_s=(totals.accepted - before.accepted) / seconds,
                refused_per_s=(totals.refused - before.refused) / seconds,
                decided_per_s=(totals.decided - before.decided) / seconds,
                depth=self._plant.depth,
                queued=self._plant.queued,
                lag_s=self._plant.lag(now),
                latency_p50_s=_known(percentile(self._decided, 0.50)),
                latency_p95_s=_known(percentile(self._decided, 0.95)),
                answer_p95_s=_known(percentile(self._answered, 0.95)),
                api=self._plant.ready[Kind.API],
                worker=self._plant.ready[Kind.WORKER],
                accepted=totals.accepted,
                decided=totals.decided,
                refused=totals.refused,
                cost=self._cost,
            )
        )
        self._before, self._last_s = msgspec.structs.replace(totals), now
        self._decided, self._answered = [], []


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
