"""What a stack with everything on one machine will do, by what its transactions cost: to be held against what it does.

Its processors are full, or all its API processes, or all its workers, each of which is one processor's work at most.
"""

import msgspec

from riskengine.capacity.calibration import Calibration
from riskengine.capacity.mix import Mix


class Layout(msgspec.Struct, frozen=True):
    """So many API processes and workers."""

    api: int
    workers: int

    def __str__(self) -> str:
        return f"{self.api} API, {self.workers} workers"


class Clients(msgspec.Struct, frozen=True):
    """Processor time (µs) of a transaction in the client that sends it, which here shares the machine."""

    singles: float
    batches: float
    decisions: float

    def of(self, mix: Mix) -> float:
        """For a transaction of that mix."""
        return mix.singles * self.singles + mix.batches * self.batches + mix.decisions * self.decisions


class Forecast(msgspec.Struct, frozen=True):
    """Processor time (µs) of a transaction without its client, transactions a second, and what is full then."""

    cpu_us: float
    tps: float
    limit: str


def forecast(calibration: Calibration, clients: Clients, mix: Mix, layout: Layout, cores: float) -> Forecast:
    """Saturated by clients on the same machine, of which so many processors are to be had."""
    costs = mix.costs(calibration)
    limits = {
        "processors": cores * 1e6 / (costs.total_us + clients.of(mix)),
        "API": layout.api * 1e6 / costs.api_us,
    }
    if mix.queued:
        rate = min(calibration.service.tps, 1e6 * mix.queued / costs.worker_us)
        limits["workers"] = layout.workers * rate / mix.queued
    limit = min(limits, key=limits.__getitem__)
    return Forecast(costs.total_us, limits[limit], limit)
