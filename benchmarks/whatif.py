"""`python -m benchmarks.whatif`: real spikes, what `riskengine whatif` foretells of them, and by how much it is wrong.

One worker is measured first: how fast it empties a queue that nobody adds to, and what that costs in each part. From
these figures alone the simulator plays the same arrivals, for one worker and for two.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar

import msgspec
import uvloop
from rich.console import Console

from benchmarks import load, traffic, whatif_figures
from benchmarks.flood import Flood, Shot
from benchmarks.spike_figures import REFUSED
from benchmarks.whatif_figures import Cost, Look, Measured, Run, WhatIf
from riskengine import logs
from riskengine.capacity.calibration import Machine
from riskengine.capacity.meter import metering
from riskengine.capacity.whatif.arrivals import Point
from riskengine.client import requests
from riskengine.client.closed_loop import TAKEN
from riskengine.client.requests import Requests
from riskengine.domain.transaction import Submission
from riskengine.stack import ports
from riskengine.stack.stack import Stack
from riskengine.storage import api_keys
from riskengine.storage.database import Database

T = TypeVar("T")

LATEST = Path(__file__).with_name("whatif.json")
PICTURE = Path(__file__).parents[1] / "docs" / "whatif-error.svg"

API = 2
BATCH = 100
"""Transactions of a request: as a calibration has it."""

CONNECTIONS = 4
LOOK_EVERY_S = 0.25

BASE, PEAK = 0.3, 2.5
"""Arrivals before and after the spike and in it, in times of what one worker decides."""

LEFT = 0.05
"""Share of a backlog at which its emptying ends as a measurement: the last batches are not full."""

PATIENCE_S = 90.0
"""Seconds within which everything must be decided."""


class Scale(msgspec.Struct, frozen=True):
    """How much is sent: transactions to warm up and to measure with, and seconds before, in and after the spike."""

    rows: int = 20_000
    warm_up: int = 5_000
    measured: int = 25_000
    before_s: float = 3.0
    spike_s: float = 10.0
    after_s: float = 15.0
    workers: tuple[int, ...] = (1, 2)


FULL = Scale()

QUICK = Scale(rows=2_000, warm_up=1_000, measured=4_000, before_s=0.5, spike_s=1.5, after_s=0.5, workers=(1,))
"""Some thousand transactions and one worker: whether it runs, and is not far off."""


class Course:
    """A stack, and requests that are sent to it over and over: without keys, each is new each time."""

    def __init__(self, database: Database, to: Requests, rows: Sequence[Submission]) -> None:
        self._database = database
        self._to = to
        bodies = [requests.transaction(row, keyed=False) for row in rows]
        batches = (bodies[start : start + BATCH] for start in range(0, len(bodies) - BATCH + 1, BATCH))
        self._shots: Iterator[Shot] = cycle(
            [Shot(to("POST", requests.BATCH, requests.batch(batch)), BATCH) for batch in batches]
        )

    async def warm_up(self, transactions: int) -> None:
        """Opens connections, fills caches, and waits until all is decided."""
        await self._closed(transactions)
        await self._no_more_than(0)

    async def measure(self, transactions: int) -> Measured:
        """What it costs to take in and to decide: a queue is filled, and then emptied while nobody adds to it."""
        before = await self._decided()
        async with metering() as filling:
            await self._closed(transactions)
        meanwhile = await self._decided() - before
        backlog = await self._pending()
        async with metering() as emptying:
            started = time.perf_counter()
            left = await self._no_more_than(backlog * LEFT)
            seconds = time.perf_counter() - started
        await self._no_more_than(0)
        count = backlog - left
        out = {kind: value * 1e6 / count for kind, value in emptying.cpu.items()}
        into = {kind: value * 1e6 / transactions for kind, value in filling.cpu.items()}
        for kind in ("postgresql", "valkey"):
            into[kind] -= out[kind] * meanwhile / transactions
        return Measured(tps=count / seconds, taking_in=Cost.of(into), deciding=Cost.of(out))

    async def spike(self, workers: int, tps: float, scale: Scale) -> Run:
        """A spike, and how many transactions waited meanwhile."""
        points: list[Point] = []
        refused = 0
        async with metering() as meter, self._looks() as looks:
            began = time.perf_counter()
            for rate, seconds in ((BASE, scale.before_s), (PEAK, scale.spike_s), (BASE, scale.after_s)):
                points.append(Point(round(time.perf_counter() - began, 2), rate * tps))
                flood = Flood(self._to)
                await flood.open_loop(self._shots, rate * tps, seconds)
                _check(flood, TAKEN | {REFUSED})
                refused += flood.by_status[REFUSED]
            points.append(Point(round(time.perf_counter() - began, 2), 0.0))
            await self._no_more_than(0)
            await asyncio.sleep(LOOK_EVERY_S)
        elsewhere = meter.elsewhere / meter.seconds
        return Run(workers=workers, arrivals=points, looks=looks, refused=refused, elsewhere=elsewhere)

    async def _closed(self, transactions: int) -> None:
        flood = Flood(self._to)
        await flood.closed_loop(islice(self._shots, transactions // BATCH), CONNECTIONS)
        _check(flood)

    @asynccontextmanager
    async def _looks(self) -> AsyncIterator[list[Look]]:
        """Looks at what is undecided while the block runs."""
        looks: list[Look] = []
        began = time.perf_counter()

        async def look_on() -> None:
            while True:
                pending = await self._pending()
                looks.append(Look(round(time.perf_counter() - began, 2), pending))
                await asyncio.sleep(LOOK_EVERY_S)

        looking = asyncio.create_task(look_on())
        try:
            yield looks
        finally:
            looking.cancel()
            await asyncio.wait([looking])

    async def _no_more_than(self, most: float) -> int:
        """How many wait when no more than so many do."""
        until = time.monotonic() + PATIENCE_S
        while True:
            pending = await self._pending()
            if pending <= most:
                return pending
            if time.monotonic() > until:
                raise load.BenchmarkError(f"{pending} transactions are accepted and nobody decides them")
            await asyncio.sleep(LOOK_EVERY_S / 5)

    async def _pending(self) -> int:
        return await self._value("SELECT count(*) FROM pending")

    async def _decided(self) -> int:
        return await self._value("SELECT count(*) FROM decisions")

    async def _value(self, statement: str) -> int:
        async with self._database.connection() as connection:
            value: int = await connection.fetchval(statement)
        return value


def _check(flood: Flood, allowed: set[int] = TAKEN) -> None:
    if set(flood.by_status) - allowed:
        raise load.BenchmarkError(f"not all was accepted: {dict(flood.by_status)}")


async def _on(stack: Stack, rows: Sequence[Submission], runs: Callable[[Course], Awaitable[T]]) -> T:
    database = await Database.connect(stack.database_url, idle=1, most=2, name="riskengine-benchmarks")
    try:
        key = await api_keys.create(database, "whatif", ("ingest",))
        return await runs(Course(database, Requests(ports.LOOPBACK, stack.balancer.port, key), rows))
    finally:
        await database.close()


async def _spike(course: Course, *, workers: int, scale: Scale, known: Measured | None) -> tuple[Measured, Run]:
    await course.warm_up(scale.warm_up)
    measured = known or await course.measure(scale.measured)
    return measured, await course.spike(workers, measured.tps, scale)


def measure(rows: Sequence[Submission], scale: Scale, say: Callable[[str], None]) -> WhatIf:
    """Measures one worker, and then a spike for each number of workers, each on a stack of its own."""
    measured: Measured | None = None
    found: list[Run] = []
    for workers in scale.workers:
        say(f"{workers} at work")
        with Stack(api=API, workers=workers) as stack:
            measured, run = uvloop.run(_on(stack, rows, partial(_spike, workers=workers, scale=scale, known=measured)))
            found.append(run)
    assert measured is not None
    runs = [whatif_figures.foretold(run, measured, API) for run in found]
    return WhatIf(
        date=datetime.now(UTC).isoformat(timespec="seconds"), machine=Machine.here(), measured=measured, runs=runs
    )


def main() -> None:
    """Runs it, prints the errors, and writes the figures and the picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whatif", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="some seconds only: shows that everything runs")
    parser.add_argument("--output", type=Path, default=LATEST, metavar="FILE", help="where to write the figures")
    parser.add_argument("--picture", type=Path, default=PICTURE, metavar="FILE", help="where to draw the curves")
    parser.add_argument("--page", type=Path, metavar="FILE", help="whose table to write anew: docs/whatif.md")
    arguments = parser.parse_args()
    logs.configure("warning", "console")
    console = Console(highlight=False)
    scale = QUICK if arguments.quick else FULL
    rows = traffic.simulated(scale.rows).submissions
    with console.status("Spikes, measured and foretold") as status:
        found = measure(rows, scale, status.update)
    whatif_figures.show(console, found)
    arguments.output.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    whatif_figures.draw(arguments.picture, found)
    if arguments.page is not None:
        arguments.page.write_text(whatif_figures.page(arguments.page.read_text(), found))
    console.print(f"The figures are in {arguments.output}, the curves in {arguments.picture}", soft_wrap=True)


if __name__ == "__main__":
    main()
