"""PostgreSQL without room."""

import asyncio

import msgspec

from riskengine.chaos.ground import Ground


class FullDisk(msgspec.Struct, frozen=True):
    """PostgreSQL's disk is full for some seconds: it refuses, or ends in a panic and cannot come back before."""

    name: str
    seconds: float

    @property
    def detail(self) -> str:
        return f"for {self.seconds:.1f} s"

    async def happen(self, ground: Ground) -> str:
        disk = ground.disk
        assert disk is not None, "drawn only where there is one"
        deadline = asyncio.get_running_loop().time() + self.seconds
        try:
            while asyncio.get_running_loop().time() < deadline:
                disk.fill()  # again and again: PostgreSQL gives room back, such as old WAL
                await asyncio.sleep(0.2)
        finally:
            disk.empty()
        return ""
