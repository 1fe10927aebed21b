"""Valkey without its memory, or without room."""

import asyncio

import msgspec

from riskengine.chaos.ground import Ground

TINY = "1mb"
"""Less memory than Valkey takes for itself: it drops all histories, and then refuses to write."""


class Empty(msgspec.Struct, frozen=True):
    """Valkey loses all it holds, histories and queue."""

    name: str = "empty-valkey"

    @property
    def detail(self) -> str:
        return "FLUSHALL"

    async def happen(self, ground: Ground) -> str:
        await ground.insist(lambda: flush(ground))
        return ""


class OutOfMemory(msgspec.Struct, frozen=True):
    """Valkey has no room: it drops what may be dropped, and refuses writes, for some seconds."""

    name: str
    seconds: float

    @property
    def detail(self) -> str:
        return f"for {self.seconds:.1f} s"

    async def happen(self, ground: Ground) -> str:
        try:
            await ground.insist(lambda: _limit(ground, TINY))
            await asyncio.sleep(self.seconds)
        finally:
            await ground.insist(lambda: _limit(ground, ground.stack.valkey.maxmemory))
        return ""


async def flush(ground: Ground) -> None:
    """Empties Valkey. Raises Unavailable."""
    async with ground.valkey() as valkey:
        await valkey.flushall()
    ground.poison.memory_lost()


async def _limit(ground: Ground, maxmemory: str) -> None:
    async with ground.valkey() as valkey:
        await valkey.config_set("maxmemory", maxmemory)
