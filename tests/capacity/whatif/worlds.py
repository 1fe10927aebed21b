"""Machines and scenarios for tests: plain ones, of which a test changes what it is about."""

from typing import Any

import msgspec

from riskengine.capacity.calibration import FORM, Calibration, Costs, Machine, Service, Sizes
from riskengine.capacity.whatif.course import Course
from riskengine.capacity.whatif.scenario import Scenario
from riskengine.capacity.whatif.simulation import Simulation

MANY = 1000.0
"""So many processors that nobody waits for one."""


def calibration(tps: float = 100.0, cores: int = 2, **costs: float) -> Calibration:
    """One worker decides `tps`, an API process takes in 1000 a second; a transaction costs 1 ms of processor in all."""
    each = msgspec.structs.replace(Costs(200, 400, 200, 100, 100), **costs)
    return Calibration(
        form=FORM,
        taken_at="2026-11-25",
        machine=Machine("made up", cores, 8.0, "Linux", "3.11"),
        engine={"ruleset": 1},
        singles=each,
        batches=each,
        decisions=each,
        service=Service(2.0, 1.0, 100, 5, tps),
        api_tps=1000.0,
        sizes=Sizes(1000, 1000, 400, 104, 300, 80e6, 64e6),
        error=0.1,
    )


def scenario(**fields: Any) -> Scenario:
    """Ten minutes of 50 a second that come evenly, on one worker and processors for all."""
    plain = {
        "duration_s": 600,
        "arrivals": {"curve": "constant", "per_s": 50},
        "poisson": False,
        "start": {"api": 1, "worker": 1},
        "cores": MANY,
    }
    return msgspec.convert(plain | fields, Scenario)


def played(measured: Calibration | None = None, **fields: Any) -> Course:
    """The course of such a scenario."""
    return Simulation(scenario(**fields), measured or calibration()).run()
