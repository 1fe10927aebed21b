"""What the processes of a stack cost: CPU seconds and memory, by the kind of process."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import psutil  # type: ignore[import-untyped]

KINDS = ("api", "worker", "postgresql", "valkey", "caddy", "client")

SAMPLE_EVERY_S = 0.5
"""Seconds between two looks at memory."""


class Meter:
    """Measures from its start to its stop. `cpu` is seconds by kind; `rss_mb` the largest process of a kind, in MB.

    `seconds` is how long that was, and `elsewhere` CPU seconds that all others on this machine had meanwhile.
    """

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.rss_mb: dict[str, float] = dict.fromkeys(KINDS, 0.0)
        self.seconds = 0.0
        self.elsewhere = 0.0

    def sample(self) -> None:
        """Looks at the memory of each process."""
        for kind, process in _processes():
            with suppress(psutil.NoSuchProcess):
                self.rss_mb[kind] = max(self.rss_mb[kind], process.memory_info().rss / 2**20)


@asynccontextmanager
async def metering() -> AsyncIterator[Meter]:
    """A meter that runs while the block does."""
    meter = Meter()

    async def sample_on() -> None:
        while True:
            meter.sample()
            await asyncio.sleep(SAMPLE_EVERY_S)

    before, busy, started = _cpu(), _busy(), time.monotonic()
    sampling = asyncio.create_task(sample_on())
    try:
        yield meter
    finally:
        sampling.cancel()
        await asyncio.wait([sampling])
        meter.cpu = {kind: seconds - before[kind] for kind, seconds in _cpu().items()}
        meter.seconds = time.monotonic() - started
        meter.elsewhere = max(0.0, _busy() - busy - sum(meter.cpu.values()))


def _busy() -> float:
    """CPU seconds that this machine spent so far on whomever, or lost to its host."""
    times = psutil.cpu_times()
    return sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal"))


def _cpu() -> dict[str, float]:
    """CPU seconds (user and system) so far, by kind; those of children that ended are counted with their parent."""
    seconds = dict.fromkeys(KINDS, 0.0)
    for kind, process in _processes():
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds[kind] += times.user + times.system
            if kind == "postgresql":  # a connection's process ends with the connection
                seconds[kind] += times.children_user + times.children_system
    return seconds


def _processes() -> Iterator[tuple[str, psutil.Process]]:
    """This process and all below it, with their kinds."""
    own = psutil.Process()
    yield "client", own
    for process in own.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            kind = _kind(process)
            if kind is not None:
                yield kind, process


def _kind(process: psutil.Process) -> str | None:
    name = process.name()
    for part, kind in (("postgres", "postgresql"), ("valkey", "valkey"), ("caddy", "caddy")):
        if name.startswith(part):
            return kind
    command = process.cmdline()
    if command[-1:] == ["api"]:
        return "api"
    return "worker" if command and command[-1].endswith("worker") else None  # also those that stand in for workers
