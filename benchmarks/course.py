"""The runs on a stack, one after another, over the same rows each time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from benchmarks import load
from benchmarks.meter import Meter, metering
from benchmarks.traffic import Traffic
from riskengine.client import requests
from riskengine.client.requests import Requests
from riskengine.demo.journal import percentiles
from riskengine.domain.transaction import Submission
from riskengine.stack import ports
from riskengine.stack.stack import Stack
from riskengine.storage import api_keys
from riskengine.storage.database import Database

T = TypeVar("T")

BATCH = 500
"""Transactions in a batch request."""

POLL_S = 0.02
"""Seconds between two looks whether the last decision is stored: the error of an end-to-end time."""


PATIENCE_S = 20.0
"""Seconds without any decision after which a run has failed."""


class Scale(msgspec.Struct, frozen=True):
    """How much is sent: rows, and connections at once; on two cores, runs of about 15 s.

    `rate_share` is the open loop's share of the rate that the closed loop reached.
    """

    warm_up: int = 4_000
    singles: int = 30_000
    batched: int = 90_000
    decisions_closed: int = 5_000
    decisions_open_s: float = 15.0
    decisions_open_most: int = 15_000
    single_connections: int = 64
    batch_connections: int = 8
    decision_connections: int = 32
    rate_share: float = 0.5

    @property
    def rows(self) -> int:
        """Rows that all runs on one stack take at most."""
        return self.warm_up + self.singles + self.batched + self.decisions_closed + self.decisions_open_most


FULL = Scale()

QUICK = Scale(
    warm_up=400,
    singles=400,
    batched=1_000,
    decisions_closed=200,
    decisions_open_s=1.0,
    decisions_open_most=500,
    single_connections=16,
)
"""A few seconds in all: it shows that everything runs, not how fast."""


class EndToEnd(msgspec.Struct, frozen=True):
    """From the first request until the last decision is in PostgreSQL. `cpu_us` is by kind of process, in µs a row."""

    tps: float
    cpu_us: dict[str, float]
    rss_mb: dict[str, float]


class Decisions(msgspec.Struct, frozen=True):
    """`POST /decisions`: requests a second of a closed loop, and latencies (ms) of an open one at `rate` a second."""

    capacity: float
    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    rss_mb: dict[str, float]


class Course:
    """A stack with the rows that are still to be sent to it."""

    def __init__(self, database: Database, to: Requests, traffic: Traffic, scale: Scale) -> None:
        self._database = database
        self._to = to
        self._rows = iter(traffic.submissions)
        self._scale = scale

    async def warm_up(self) -> None:
        """Opens connections, prepares statements, fills caches: with batches, then with singles."""
        half = self._scale.warm_up // 2
        await load.closed_loop(self._to, self._batches(half), self._scale.batch_connections)
        await load.closed_loop(self._to, self._singles(half, requests.TRANSACTIONS), self._scale.single_connections)
        await self._all_decided()

    async def singles(self) -> EndToEnd:
        """Single requests, as many at once as there are connections."""
        count, connections = self._scale.singles, self._scale.single_connections
        return await self._end_to_end(self._singles(count, requests.TRANSACTIONS), count, connections)

    async def batches(self) -> EndToEnd:
        """Batches of BATCH."""
        return await self._end_to_end(
            self._batches(self._scale.batched), self._scale.batched, self._scale.batch_connections
        )

    async def decisions(self) -> Decisions:
        """Requests that wait for the decision: first as many as go, then at a share of that rate."""
        closed = self._singles(self._scale.decisions_closed, requests.DECISIONS)
        started = time.perf_counter()
        await load.closed_loop(self._to, closed, self._scale.decision_connections)
        capacity = len(closed) / (time.perf_counter() - started)
        rate = capacity * self._scale.rate_share
        count = min(self._scale.decisions_open_most, int(rate * self._scale.decisions_open_s))
        async with metering() as meter:
            latencies = await load.open_loop(self._to, self._singles(count, requests.DECISIONS), rate)
        p50, p95, p99 = (value * 1e3 for value in percentiles(latencies, 0.50, 0.95, 0.99))
        return Decisions(capacity, rate, p50, p95, p99, meter.rss_mb)

    async def _end_to_end(self, prepared: Sequence[bytes], count: int, connections: int) -> EndToEnd:
        before = await self._decided()
        async with metering() as meter:
            started = time.perf_counter()
            await load.closed_loop(self._to, prepared, connections)
            await self._all_decided()
            seconds = time.perf_counter() - started
        decided = await self._decided() - before
        if decided != count:
            raise load.BenchmarkError(f"{count} transactions were accepted and {decided} decided")
        return EndToEnd(count / seconds, _a_row(meter, count), meter.rss_mb)

    def _singles(self, count: int, path: str) -> list[bytes]:
        return [self._to("POST", path, requests.transaction(row)) for row in self._take(count)]

    def _batches(self, count: int) -> list[bytes]:
        bodies = [requests.transaction(row) for row in self._take(count)]
        batches = (bodies[start : start + BATCH] for start in range(0, count, BATCH))
        return [self._to("POST", requests.BATCH, requests.batch(batch)) for batch in batches]

    def _take(self, count: int) -> list[Submission]:
        return [next(self._rows) for _ in range(count)]

    async def _all_decided(self) -> None:
        last, since = -1, time.monotonic()
        while pending := await self._value("SELECT count(*) FROM pending"):
            if pending != last:
                last, since = pending, time.monotonic()
            if time.monotonic() - since > PATIENCE_S:
                raise load.BenchmarkError(f"{pending} transactions are accepted and nobody decides them")
            await asyncio.sleep(POLL_S)

    async def _decided(self) -> int:
        return int(await self._value("SELECT count(*) FROM decisions"))

    async def _value(self, statement: str) -> int:
        async with self._database.connection() as connection:
            value: int = await connection.fetchval(statement)
        return value


async def run(stack: Stack, traffic: Traffic, scale: Scale, runs: Callable[[Course], Awaitable[T]]) -> T:
    """Warms the stack up, and then does the runs on it; returns what they return."""
    database = await Database.connect(stack.database_url, idle=1, most=2, name="riskengine-benchmarks")
    try:
        key = await api_keys.create(database, "benchmarks", ("ingest", "read"))
        course = Course(database, Requests(ports.LOOPBACK, stack.balancer.port, key), traffic, scale)
        await course.warm_up()
        return await runs(course)
    finally:
        await database.close()


def _a_row(meter: Meter, count: int) -> dict[str, float]:
    return {kind: seconds * 1e6 / count for kind, seconds in meter.cpu.items()}
