"""How deep the queues of a stack are, and how much memory its processes have, once a second."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import psutil  # type: ignore[import-untyped]
from redis.asyncio import Redis

from riskengine.settings import stream_partitions
from riskengine.stack.stack import Stack
from riskengine.storage.database import Database
from riskengine.streaming import streams

EVERY_S = 1.0
"""Seconds between two looks."""


class Depth(msgspec.Struct, frozen=True):
    """A look: seconds since the first one, transactions accepted and not decided, messages on the streams, and MB.

    `api_mb` is the largest API process, `valkey_mb` what Valkey counts against its limit.
    """

    after_s: float
    pending: int
    stream: int
    api_mb: float
    valkey_mb: float


class Depths:
    """Looks at a stack."""

    def __init__(self, stack: Stack, database: Database, redis: Redis) -> None:
        self._api = [psutil.Process(part.process.pid) for part in stack.api]
        self._database = database
        self._redis = redis
        self._started = time.perf_counter()
        self.looks: list[Depth] = []

    async def pending(self) -> int:
        """Transactions that are accepted and not decided now."""
        async with self._database.connection() as connection:
            return int(await connection.fetchval("SELECT count(*) FROM pending"))

    async def look(self) -> Depth:
        """How it is now."""
        after, pending = time.perf_counter() - self._started, await self.pending()
        stream = sum([int(await self._redis.xlen(name)) for name in streams.names(stream_partitions())])
        memory = await self._redis.info("memory")
        api = max(process.memory_info().rss for process in self._api)
        depth = Depth(round(after, 1), pending, stream, _mb(api), _mb(memory["used_memory"]))
        self.looks.append(depth)
        return depth

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Looks on while the block runs."""

        async def look_on() -> None:
            while True:
                await self.look()
                await asyncio.sleep(EVERY_S)

        watching = asyncio.create_task(look_on())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait([watching])


def _mb(number: int) -> float:
    return round(number / 2**20, 1)
