"""Connections that break, cannot be made, or stop half-way."""

import asyncio

import msgspec

from riskengine.chaos.ground import Ground, Server
from riskengine.chaos.proxy import Way


class Cut(msgspec.Struct, frozen=True):
    """All connections to a server are cut at once, some times in a row."""

    name: str
    server: Server
    times: int
    pause_s: float

    @property
    def detail(self) -> str:
        return f"{self.times} times, {self.pause_s:.1f} s apart"

    async def happen(self, ground: Ground) -> str:
        for _ in range(self.times):
            ground.proxies[self.server].cut()
            await asyncio.sleep(self.pause_s)
        return ""


class Refuse(msgspec.Struct, frozen=True):
    """A server's connections are cut and new ones refused, for some seconds."""

    name: str
    server: Server
    seconds: float

    @property
    def detail(self) -> str:
        return f"for {self.seconds:.1f} s"

    async def happen(self, ground: Ground) -> str:
        proxy = ground.proxies[self.server]
        try:
            proxy.refuse()
            proxy.cut()
            await asyncio.sleep(self.seconds)
        finally:
            proxy.restore()
        return ""


class Stall(msgspec.Struct, frozen=True):
    """A server's connections stop in the middle of a message, and then go on with it, or are cut there."""

    name: str
    server: Server
    ways: tuple[Way, ...]
    seconds: float
    cut: bool

    @property
    def detail(self) -> str:
        end = "cut there" if self.cut else "going on"
        return f"{' and '.join(self.ways)}, for {self.seconds:.1f} s, then {end}"

    async def happen(self, ground: Ground) -> str:
        proxy = ground.proxies[self.server]
        try:
            proxy.stall(*self.ways)
            await asyncio.sleep(self.seconds)
            if self.cut:
                proxy.cut()
        finally:
            proxy.restore()
        return ""
