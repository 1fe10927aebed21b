"""Statements that only read, answered by whoever is fresh enough: a replica, or else the primary."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

import asyncpg
import msgspec
from prometheus_client import Counter

from riskengine.domain.errors import RiskEngineError
from riskengine.resilience.breaker import Limits
from riskengine.storage import queries
from riskengine.storage.database import Database, Row
from riskengine.storage.position import Position
from riskengine.storage.replica import Replica

MEASURE_EVERY = 1.0
"""Seconds between looks at how far behind replicas are. Between them a replica counts as one that stands still."""

_reads = Counter("riskengine_reads_total", "Statements that only read, by who answered them and why", ["target", "why"])


class Replicas(msgspec.Struct, frozen=True):
    """Which replicas there are, and up to how many connections (`most`) each gets; `name` as for the primary."""

    urls: tuple[str, ...]
    most: int
    name: str
    pooled: bool = False
    limits: Limits | None = None


class Reads:
    """A `Reader` that sends a statement to a replica if the statement bears how far that is behind (`storage.queries`).

    Several replicas take turns. Whatever a replica fails at, the primary answers; and all that declares nothing.
    """

    def __init__(self, primary: Database, replicas: Sequence[Replica] = ()) -> None:
        self._primary = primary
        self._replicas = tuple(replicas)
        self._next = 0

    @classmethod
    async def connect(cls, primary: Database, wanted: Replicas) -> "Reads":
        """With the replicas; one that is away may come later (`watch`).

        Raises ConfigurationError if one of them is no replica of the primary, or refuses; and Unavailable.
        """
        replicas: list[Replica] = []
        try:
            for url in wanted.urls:
                replica = await Replica.connect(
                    url, most=wanted.most, name=wanted.name, limits=wanted.limits, pooled=wanted.pooled
                )
                replicas.append(replica)
                await replica.check(await Position.of(primary))
            return cls(primary, replicas)
        except BaseException:
            await cls(primary, replicas).close()
            raise

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """All there are, also those that are away."""
        return self._replicas

    async def fetch(self, query: str, *arguments: object) -> list[Row]:
        """Runs the named statement where it may be run, and returns its rows. Raises Unavailable."""
        why = "required"
        if (seconds := queries.freshness(query)) is not None:
            fresh = [replica for replica in self._replicas if replica.holds(seconds)]
            if fresh:
                self._next += 1
                replica = fresh[self._next % len(fresh)]
                try:
                    rows = await replica.fetch(query, *arguments)
                except (RiskEngineError, asyncpg.PostgresError):  # if it is the statement's fault, the primary says so
                    replica.mistrust()
                    why = "failed"
                else:
                    _count("replica", "fresh")
                    return rows
            else:
                why = self._why_none()
        _count("primary", why)
        return await self._primary.fetch(query, *arguments)

    async def fetch_one(self, query: str, *arguments: object) -> Row | None:
        """The first row of the named statement, or None. Raises Unavailable."""
        rows = await self.fetch(query, *arguments)
        return rows[0] if rows else None

    async def watch(self) -> None:
        """Measures the replicas until it is cancelled, each for itself: one that hangs holds up no other."""
        await asyncio.gather(*(self._watch(replica) for replica in self._replicas))

    async def close(self) -> None:
        """Closes the connections to the replicas."""
        await asyncio.gather(*(replica.close() for replica in self._replicas))

    async def _watch(self, replica: Replica) -> None:
        while True:
            # If the primary cannot say where it is, what replicas have only gets older.
            with suppress(RiskEngineError, asyncpg.PostgresError):
                await replica.measure(await Position.of(self._primary))
            await asyncio.sleep(MEASURE_EVERY)

    def _why_none(self) -> str:
        if not self._replicas:
            return "alone"
        return "stale" if any(replica.up for replica in self._replicas) else "away"


def _count(target: Literal["primary", "replica"], why: str) -> None:
    _reads.labels(target, why).inc()
