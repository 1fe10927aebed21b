"""The runs on a stack, one after another, over the same rows each time."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from benchmarks import load
from benchmarks.traffic import Traffic
from riskengine.capacity import course
from riskengine.capacity.course import EndToEnd
from riskengine.capacity.meter import metering
from riskengine.client import requests
from riskengine.client.requests import Requests
from riskengine.demo.journal import percentiles
from riskengine.stack import ports
from riskengine.stack.stack import Stack
from riskengine.storage import api_keys
from riskengine.storage.database import Database

T = TypeVar("T")

BATCH = 500
"""Transactions in a batch request."""


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


class Decisions(msgspec.Struct, frozen=True):
    """`POST /decisions`: requests a second of a closed loop, and latencies (ms) of an open one at `rate` a second."""

    capacity: float
    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    rss_mb: dict[str, float]


class Course:
    """The runs of one scale, on a stack with the rows that are still to be sent to it."""

    def __init__(self, database: Database, to: Requests, traffic: Traffic, scale: Scale) -> None:
        self._to = to
        self._course = course.Course(database, to, traffic.submissions)
        self._scale = scale

    async def warm_up(self) -> None:
        """Opens connections, prepares statements, fills caches: with batches, then with singles."""
        half = self._scale.warm_up // 2
        await self._course.send(self._course.batches(half, BATCH), self._scale.batch_connections)
        await self._course.send(self._course.singles(half), self._scale.single_connections)
        await self._course.all_decided()

    async def singles(self) -> EndToEnd:
        """Single requests, as many at once as there are connections."""
        count, connections = self._scale.singles, self._scale.single_connections
        return await self._course.end_to_end(self._course.singles(count), count, connections)

    async def batches(self) -> EndToEnd:
        """Batches of BATCH."""
        count, connections = self._scale.batched, self._scale.batch_connections
        return await self._course.end_to_end(self._course.batches(count, BATCH), count, connections)

    async def decisions(self) -> Decisions:
        """Requests that wait for the decision: first as many as go, then at a share of that rate."""
        closed = self._course.singles(self._scale.decisions_closed, requests.DECISIONS)
        started = time.perf_counter()
        await self._course.send(closed, self._scale.decision_connections)
        capacity = len(closed) / (time.perf_counter() - started)
        rate = capacity * self._scale.rate_share
        count = min(self._scale.decisions_open_most, int(rate * self._scale.decisions_open_s))
        async with metering() as meter:
            latencies = await load.open_loop(self._to, self._course.singles(count, requests.DECISIONS), rate)
        p50, p95, p99 = (value * 1e3 for value in percentiles(latencies, 0.50, 0.95, 0.99))
        return Decisions(capacity, rate, p50, p95, p99, meter.rss_mb)


async def run(stack: Stack, traffic: Traffic, scale: Scale, runs: Callable[[Course], Awaitable[T]]) -> T:
    """Warms the stack up, and then does the runs on it; returns what they return."""
    database = await Database.connect(stack.database_url, idle=1, most=2, name="riskengine-benchmarks")
    try:
        key = await api_keys.create(database, "benchmarks", ("ingest", "read"))
        to_do = Course(database, Requests(ports.LOOPBACK, stack.balancer.port, key), traffic, scale)
        await to_do.warm_up()
        return await runs(to_do)
    finally:
        await database.close()
