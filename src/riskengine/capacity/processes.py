"""How many API processes and workers a load takes, and the processor's share and memory of each."""

import math

import msgspec

from riskengine.capacity.calibration import Calibration
from riskengine.capacity.demand import Demand
from riskengine.capacity.figure import Figure

LEAST_CPU = 0.1
"""Cores that a process is given at least: its start alone takes a second or two of one."""

CPU_STEP = 0.05
"""Cores: what shares are rounded up to."""

LEAST_MEMORY_MB = 256
"""MiB of a process at least: the specification's figure, and what the alarm on memory reckons with."""

MEMORY_STEP_MB = 64
"""MiB: what memory is rounded up to."""

MEMORY_FULL = 0.8
"""The share of memory above which the specification adds processes (A2)."""


class Crew(msgspec.Struct, frozen=True):
    """Processes of a kind. `rate` is what one does at most, in transactions a second, `cpu` cores of each at peak."""

    count: Figure
    rate: float
    cpu: float
    memory_mb: int


def api(demand: Demand, calibration: Calibration) -> Crew:
    """API processes: each is one processor's work, of which a saturated one was seen to get a certain share."""
    cost = demand.mix.costs(calibration).api_us
    reach = min(1.0, calibration.api_tps * calibration.singles.api_us / 1e6)
    rate = reach * 1e6 / cost
    because = (
        f"{demand.at_peak:,g} a second at peak, and one process takes {rate:,.0f}: {cost:,.0f} µs each, of the "
        f"{reach:.0%} of a processor that it had when it was full; used at {demand.utilisation:.0%}"
    )
    count = _count(demand.at_peak, rate, demand.utilisation)
    cores = demand.at_peak * cost / 1e6 / demand.utilisation
    return Crew(Figure(count, "processes", because), rate, _share(cores, count), _memory(calibration.sizes.api_rss))


def workers(demand: Demand, calibration: Calibration) -> Crew:
    """Workers: they decide what nobody waits for; one at least, which also looks after retries, months and rollups."""
    cost, queued = demand.mix.costs(calibration).worker_us, demand.at_peak * demand.mix.queued
    each = cost / demand.mix.queued if demand.mix.queued else cost
    rate = min(calibration.service.tps, 1e6 / each)
    because = (
        f"{queued:,g} a second go through the queue at peak, and one worker decides {rate:,.0f}; "
        f"used at {demand.utilisation:.0%}"
        if queued
        else f"none goes through the queue; retries, months and rollups remain: {cost:,.0f} µs each"
    )
    cores = demand.at_peak * cost / 1e6 / demand.utilisation
    count = max(_count(queued, rate, demand.utilisation), math.ceil(cores))
    return Crew(Figure(count, "processes", because), rate, _share(cores, count), _memory(calibration.sizes.worker_rss))


def _count(load: float, rate: float, utilisation: float) -> int:
    return max(1, math.ceil(load / utilisation / rate))


def _share(cores: float, count: int) -> float:
    """Cores of each, rounded up; no process uses more than one."""
    return min(1.0, max(LEAST_CPU, round(math.ceil(cores / count / CPU_STEP - 1e-9) * CPU_STEP, 2)))


def _memory(rss: float) -> int:
    steps = math.ceil(rss / 2**20 / MEMORY_FULL / MEMORY_STEP_MB)
    return max(LEAST_MEMORY_MB, steps * MEMORY_STEP_MB)
