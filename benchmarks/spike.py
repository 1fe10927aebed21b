"""`python -m benchmarks.spike`: ten times what the engine can do, for a minute, and what became of it."""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from uuid import UUID

import msgspec
import uvloop
from redis.asyncio import Redis
from rich.console import Console

from benchmarks import ground, load, spike_figures, traffic
from benchmarks.depths import Depths
from benchmarks.flood import Flood, Shot
from benchmarks.spike_figures import Spike
from riskengine import logs
from riskengine.client import requests
from riskengine.client.closed_loop import TAKEN
from riskengine.client.requests import Requests
from riskengine.domain.transaction import Submission
from riskengine.pipeline.proof.audit import audit
from riskengine.resilience import redis as connections
from riskengine.stack import ports
from riskengine.stack.stack import Stack
from riskengine.storage import api_keys
from riskengine.storage.database import Database

LATEST = Path(__file__).with_name("spike.json")

BATCH, SINGLES = 500, 10
"""Transactions of a batch, and single requests that follow it. One client on the same machine cannot send ten times
what the engine takes in one by one; and a balancer that does nothing but refuse single requests is its own benchmark.
"""

TIMES = 10
"""The spike, in times of the sustainable rate."""

ROWS = 50_000
"""Different transactions that are sent over and over: simulated, because those have all fields."""

CONNECTIONS = 16
"""Of the closed loop that finds the sustainable rate."""

POLL_S = 0.1
"""Seconds between two looks whether all is decided."""

PATIENCE_S = 30.0
"""Seconds without any decision after which the backlog will not go away."""


class Scale(msgspec.Struct, frozen=True):
    """How much is sent: transactions to warm up with and to find the rate with, seconds of the spike."""

    warm_up: int = 10_000
    sustained: int = 80_000
    seconds: float = 60.0


FULL = Scale()

QUICK = Scale(warm_up=500, sustained=1_000, seconds=1.0)
"""It shows that everything runs, and no more."""


class Course:
    """One run on a stack, with requests that are sent over and over: without keys, each is new each time."""

    def __init__(self, stack: Stack, database: Database, redis: Redis, to: Requests) -> None:
        self._stack = stack
        self._database = database
        self._redis = redis
        self._to = to
        self._accepted: list[UUID] = []

    async def run(self, rows: Sequence[Submission], scale: Scale) -> Spike:
        """Warms up, finds the rate, floods, waits until all is decided, and looks for what was accepted."""
        shots = cycle(_shots(self._to, rows))
        await self._sustained(shots, scale.warm_up)
        rate = await self._sustained(shots, scale.sustained)
        flood, depths = Flood(self._to), Depths(self._stack, self._database, self._redis)
        async with depths.watched():
            await flood.open_loop(shots, rate * TIMES, scale.seconds)
            answered = time.perf_counter()
            await self._all_decided(depths)
        drained = time.perf_counter() - answered
        self._accepted += flood.accepted()
        found = await audit(self._database, self._accepted)
        return spike_figures.of(flood, depths.looks, found, rate=rate, seconds=scale.seconds, drained_after_s=drained)

    async def _sustained(self, shots: Iterator[Shot], transactions: int) -> float:
        """Transactions a second, from the first request to the last decision."""
        rounds = -(-transactions // (BATCH + SINGLES))
        client, depths = Flood(self._to), Depths(self._stack, self._database, self._redis)
        started = time.perf_counter()
        await client.closed_loop(islice(shots, rounds * (1 + SINGLES)), CONNECTIONS)
        await self._all_decided(depths)
        seconds = time.perf_counter() - started
        if set(client.by_status) - TAKEN:
            raise load.BenchmarkError(f"not all was accepted: {dict(client.by_status)}")
        self._accepted += client.accepted()
        return client.offered / seconds

    async def _all_decided(self, depths: Depths) -> None:
        last, since = -1, time.monotonic()
        while pending := await depths.pending():
            if pending != last:
                last, since = pending, time.monotonic()
            if time.monotonic() - since > PATIENCE_S:
                raise load.BenchmarkError(f"{pending} transactions are accepted and nobody decides them")
            await asyncio.sleep(POLL_S)


def _shots(to: Requests, rows: Sequence[Submission]) -> list[Shot]:
    """Batches, each followed by its share of single requests."""
    bodies = [requests.transaction(row, keyed=False) for row in rows]
    found: list[Shot] = []
    for start in range(0, len(bodies) - BATCH - SINGLES + 1, BATCH + SINGLES):
        batch, singles = bodies[start : start + BATCH], bodies[start + BATCH : start + BATCH + SINGLES]
        found.append(Shot(to("POST", requests.BATCH, requests.batch(batch)), BATCH))
        found += [Shot(to("POST", requests.TRANSACTIONS, single), 1) for single in singles]
    return found


async def measure(stack: Stack, rows: Sequence[Submission], scale: Scale) -> Spike:
    """The figures of a run on a running stack."""
    database = await Database.connect(stack.database_url, idle=1, most=2, name="riskengine-benchmarks")
    redis = connections.connect(stack.redis_url, "riskengine-benchmarks")
    try:
        key = await api_keys.create(database, "spike", ("ingest",))
        to = Requests(ports.LOOPBACK, stack.balancer.port, key)
        return await Course(stack, database, redis, to).run(rows, scale)
    finally:
        await redis.aclose()
        await database.close()


def main() -> None:
    """Runs it, prints the table and writes the figures; a fault in what was promised is the exit code 1."""
    arguments = _arguments()
    logs.configure("warning", "console")
    console = Console(highlight=False)
    scale = QUICK if arguments.quick else FULL
    rows = traffic.simulated(ROWS).submissions
    with console.status("Finding the sustainable rate, then ten times that"), ground.engine() as stack:
        found = uvloop.run(measure(stack, rows, scale))
    spike_figures.show(console, found)
    arguments.output.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    console.print(f"The figures are in {arguments.output}", soft_wrap=True)
    sys.exit(1 if found.faults else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spike", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds only: shows that everything runs")
    parser.add_argument("--output", type=Path, default=LATEST, metavar="FILE", help="where to write the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
