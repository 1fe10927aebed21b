"""What a process takes: processor time and memory, and how late its event loop comes to what is due."""

import asyncio
import resource
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

from prometheus_client import REGISTRY, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

Role = Literal["api", "worker"]

EVERY = 0.1
"""Seconds between what is due on the event loop to measure it: ten turns a second cost nothing beside requests."""

_STATM = Path("/proc/self/statm")
_MIB = 1 << 20
_PAGE = resource.getpagesize()

_delay = Histogram(
    "riskengine_event_loop_delay_seconds",
    "Seconds that the event loop came late to what was due",
    ["role"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)


class _Figures(Collector):
    """What the process has taken, read when somebody asks; nothing before its role is known."""

    def __init__(self) -> None:
        self.role: Role | None = None
        self.memory_mib = 1

    def collect(self) -> Iterator[Metric]:
        cpu = CounterMetricFamily("riskengine_cpu_seconds", "Seconds of processor time used", labels=["role"])
        memory = GaugeMetricFamily("riskengine_memory_bytes", "Bytes of resident memory", labels=["role"])
        ratio = GaugeMetricFamily(
            "riskengine_memory_ratio", "Resident memory as a share of what is allowed", labels=["role"]
        )
        if self.role is not None:
            resident = _resident()
            cpu.add_metric([self.role], time.process_time())
            memory.add_metric([self.role], resident)
            ratio.add_metric([self.role], resident / (self.memory_mib * _MIB))
        yield from (cpu, memory, ratio)


_figures = _Figures()
REGISTRY.register(_figures)


@asynccontextmanager
async def measured(role: Role, memory_mib: int) -> AsyncIterator[None]:
    """From now on the process shows what it takes, under its role; its event loop is measured while the block lasts.

    `memory_mib` is the memory that it is meant to have at most (MiB).
    """
    _figures.role, _figures.memory_mib = role, memory_mib
    watching = asyncio.create_task(_watch(_delay.labels(role)))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(delay: Histogram) -> None:
    """Has something due again and again. All that fell due while the loop was held up counts, and not the first alone:
    so the shares of the histogram are shares of the time.
    """
    due = time.monotonic() + EVERY
    while True:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        now = time.monotonic()
        while True:
            delay.observe(max(0.0, now - due))  # timers are rounded, and may be early by less than a millisecond
            due += EVERY
            if due > now:
                break


def _resident() -> int:
    """Bytes of memory that the process has now; where that is not told (macOS), the most that it ever had."""
    try:
        return int(_STATM.read_bytes().split()[1]) * _PAGE
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
