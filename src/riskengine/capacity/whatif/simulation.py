"""Playing a scenario through: events of SimPy, between which everything flows in small steps."""

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import simpy

from riskengine.autoscaling.decider import Decider
from riskengine.autoscaling.plan import Plan
from riskengine.autoscaling.policy import Observation
from riskengine.capacity.calibration import Calibration
from riskengine.capacity.whatif.course import Course, Ending, Happening, What
from riskengine.capacity.whatif.crew import Crew
from riskengine.capacity.whatif.failures import Away, Failure, Killed, Slow
from riskengine.capacity.whatif.line import Portion
from riskengine.capacity.whatif.plant import Plant
from riskengine.capacity.whatif.recorder import Recorder
from riskengine.capacity.whatif.scenario import Scenario
from riskengine.capacity.whatif.speeds import Speeds
from riskengine.capacity.whatif.window import Window
from riskengine.stack.standing import MOST, Counts, Kind
from riskengine.storage.processes import DEAD_AFTER
from riskengine.worker.worker import RELAY_EVERY

STEPS = 10_000
"""Steps of a scenario, whatever it lasts, so that it is played within a second: an hour in steps of 0.4 s."""

SHORTEST_S, LONGEST_S = 0.01, 5.0
"""Seconds of a step: less than a batch takes means nothing; more would blur what an autoscaler sees."""

LAST = 0.1
"""Share of the scenario, at its end, from which its ending is judged."""

_Events = Generator[simpy.Event, Any, None]


class Simulation:
    """One run of a scenario. The same scenario, calibration and seed give the same course."""

    def __init__(self, scenario: Scenario, calibration: Calibration) -> None:
        """Raises ConfigurationError if the autoscaler's policy is none."""
        self._scenario = scenario
        self._step_s = min(LONGEST_S, max(SHORTEST_S, scenario.duration_s / STEPS))
        self._random = np.random.default_rng(scenario.seed)
        cores = scenario.cores or calibration.machine.cores
        self._speeds = Speeds(calibration, scenario.mix, cores, scenario.senders_us)
        self._plant = Plant(self._speeds, scenario.limits)
        self._environment = simpy.Environment()
        start = Counts(api=scenario.start.api, worker=scenario.start.worker)
        self._crew = Crew(self._environment, self._plant, start, scenario.ready_s)
        self._recorder = Recorder(scenario, self._plant, self._crew)
        self._window = Window()
        self._happenings: list[Happening] = []
        self._failing = 0

    def run(self) -> Course:
        """Plays it to the end of its duration, whatever is left undecided then."""
        environment = self._environment
        environment.process(self._flow())
        environment.process(self._relay())
        if self._scenario.autoscaler is not None:
            environment.process(self._scale(self._scenario.autoscaler.plan()))
        for failure in self._scenario.failures:
            environment.process(self._fail(failure))
        environment.run(until=self._scenario.duration_s)
        return Course(
            moments=self._recorder.moments,
            happenings=sorted(self._happenings, key=lambda one: one.at_s),
            late=self._recorder.late,
            late_after_s=self._scenario.late_after_s,
            ending=self._ending(),
            currency=self._scenario.prices.currency,
        )

    def _flow(self) -> _Events:
        while True:
            yield self._environment.timeout(self._step_s)
            now = self._environment.now
            middle = now - self._step_s / 2
            expected = self._scenario.arrivals.rate(middle) * self._step_s
            offered = float(self._random.poisson(expected)) if self._scenario.poisson else expected
            flow = self._plant.step(middle, self._step_s, offered)
            self._window.note(now, self._step_s, self._plant, flow.answered)
            self._recorder.note(now, self._step_s, flow)

    def _relay(self) -> _Events:
        while True:
            yield self._environment.timeout(RELAY_EVERY)
            self._plant.relay(self._environment.now)

    def _scale(self, plan: Plan) -> _Events:
        decider = Decider(plan.policy)
        while True:
            yield self._environment.timeout(plan.every_s)
            now = self._environment.now
            observation = Observation(now, self._window.signals(now, self._plant), self._crew.wanted)
            for action in decider.decide(observation):
                told = f"{action.kind} {action.before} → {action.after}"
                self._happenings.append(Happening(now, What.SCALING, told, f"{action.rule}: {action.reason}"))
                self._crew.have(action.kind, action.after)

    def _fail(self, failure: Failure) -> _Events:
        yield self._environment.timeout(failure.at_s)
        self._happenings.append(Happening(failure.at_s, What.FAILURE, failure.told))
        self._failing += 1
        match failure:
            case Killed():
                yield from self._kill(failure)
            case Away():
                self._plant.away[failure.part] += 1
                yield self._environment.timeout(failure.for_s)
                self._plant.away[failure.part] -= 1
            case Slow():
                kinds = [kind for kind in Kind if failure.processes in ("both", kind.value)]
                self._slow(kinds, failure.factor)
                yield self._environment.timeout(failure.for_s)
                self._slow(kinds, 1 / failure.factor)
        self._failing -= 1

    def _kill(self, failure: Killed) -> _Events:
        killed = 0
        for _ in range(failure.count):
            lost = self._crew.kill(failure.process)
            killed += lost is not None
            if lost:
                self._environment.process(self._take_over(lost))
        if failure.back_after_s is None:
            yield self._environment.event()  # which never comes
            return
        yield self._environment.timeout(failure.back_after_s)
        for _ in range(killed):
            self._crew.bring_back(failure.process)

    def _take_over(self, lost: Sequence[Portion]) -> _Events:
        yield self._environment.timeout(DEAD_AFTER)
        self._plant.take_over(lost)

    def _slow(self, kinds: Sequence[Kind], factor: float) -> None:
        for kind in kinds:
            self._plant.factor[kind] *= factor

    def _ending(self) -> Ending:
        """Judged from the last part of the scenario: whether what comes in then is more than what is decided."""
        moments = self._recorder.moments
        last = moments[-max(1, round(len(moments) * LAST)) :]
        arriving = sum(moment.accepted_per_s for moment in last) / len(last)
        queued = arriving * (1 - self._speeds.decided_at_once)
        workers = self._crew.wanted.worker
        speeds = ((count, self._plant.possible(arriving, count)) for count in range(1, MOST + 1))
        enough = (count for count, speed in speeds if speed.deciding > queued and speed.taking_in >= arriving)
        return Ending(
            arriving=queued,
            deciding=self._plant.possible(arriving, workers).deciding,
            workers=workers,
            enough=next(enough, None),
            cores=(arriving * self._speeds.in_us + queued * self._speeds.out_us) * 1e-6,
            failing=self._failing > 0,
        )
