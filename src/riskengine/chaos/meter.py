"""What can be seen from outside while it runs: once a second, whatever does not answer left out."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec
import psutil  # type: ignore[import-untyped]  # of the extra that the servers come with: here it is installed

from riskengine.chaos.ground import Ground
from riskengine.chaos.load import Load
from riskengine.chaos.record import Record
from riskengine.domain.errors import Unavailable
from riskengine.settings import stream_partitions
from riskengine.storage.database import Database, Row
from riskengine.streaming import streams

EVERY_S = 1.0
"""Seconds between two samples."""

STALE_S = 1.5
"""Seconds after which what a server said last is not the present any more."""


class Sample(msgspec.Struct, frozen=True):
    """One second. `decided` and `accepted` count from the beginning; None is what nobody could say.

    `pending` are accepted and not decided, `held` those of them that dead letters hold, `depth` messages in the stream,
    `outstanding` payments without an answer, `memory` bytes of each process (resident) and of Valkey (its own figure).
    """

    at_s: float
    accepted: int
    outstanding: int
    decided: int | None
    pending: int | None
    held: int | None
    depth: int | None
    memory: dict[str, int]


class Meter:
    """Takes samples until it is cancelled."""

    def __init__(self, ground: Ground, load: Load, record: Record, database: Database) -> None:
        self._ground = ground
        self._load = load
        self._record = record
        self._database = database
        self._started = time.monotonic()
        self._said: dict[str, tuple[float, Any]] = {}
        self.samples: list[Sample] = []

    @property
    def now_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started

    async def run(self) -> None:
        """Looks, until it is cancelled. A server that hangs delays nothing: each is asked by a task of its own."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ask("postgresql", self._progress))
            tasks.create_task(self._ask("valkey", self._valkey))
            while True:
                self.samples.append(self._sample())
                await asyncio.sleep(EVERY_S)

    async def _ask(self, name: str, question: Callable[[], Awaitable[Any]]) -> None:
        while True:
            with suppress(Unavailable, TimeoutError):
                said = await question()
                self._said[name] = (time.monotonic(), said)
            await asyncio.sleep(EVERY_S / 2)

    async def _progress(self) -> Row | None:
        return await self._database.fetch_one("chaos_progress")

    async def _valkey(self) -> dict[str, int]:
        async with self._ground.valkey() as valkey:
            used = await valkey.info("memory")
            depth = sum([await valkey.xlen(name) for name in streams.names(stream_partitions())])
            return {"depth": depth, "memory": used["used_memory"]}

    def _fresh(self, name: str) -> Any:
        at, said = self._said.get(name, (0.0, None))
        return said if time.monotonic() - at < STALE_S else None

    def _sample(self) -> Sample:
        progress, valkey = self._fresh("postgresql"), self._fresh("valkey")
        memory = {"valkey": valkey["memory"]} if valkey else {}
        for part in (*self._ground.stack.api, *self._ground.stack.workers):
            with suppress(psutil.Error):
                memory[part.process.name] = psutil.Process(part.process.pid).memory_info().rss
        return Sample(
            at_s=round(self.now_s, 1),
            accepted=len(self._record.acknowledged),
            outstanding=self._load.outstanding,
            decided=progress and progress["decided"],
            pending=progress and progress["pending"],
            held=progress and progress["held"],
            depth=valkey and valkey["depth"],
            memory=memory,
        )
