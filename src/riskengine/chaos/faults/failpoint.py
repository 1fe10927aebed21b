"""Processes that crash between two steps, and processes whose clock is stepped there."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from riskengine.chaos.faults import valkey
from riskengine.chaos.ground import Ground, until

READING = "consume.read"
"""Where a worker's clock is stepped: it comes there all the time."""

NOT_REACHED = "not reached"

_API = ("ingest", "publish", "decide_new")
_RARE = ("relay", "fail", "letters")


def role(point: str) -> str:
    """Which processes come to a point: `api` or `worker`."""
    return "api" if _step(point) in _API else "worker"


def rare(point: str) -> bool:
    """Whether processes come there only after something went wrong: a lost stream, a transaction that failed."""
    return _step(point) in _RARE


class Crash(msgspec.Struct, frozen=True):
    """The process that comes to a point dies there; of several victims the first. What leads there is brought about."""

    point: str
    victims: tuple[str, ...]
    seconds: float

    @property
    def name(self) -> str:
        return f"crash-{self.point}"

    @property
    def detail(self) -> str:
        return f"{' or '.join(self.victims)} within {self.seconds:.0f} s"

    async def happen(self, ground: Ground) -> str:
        pids = {name: ground.process(name).pid for name in self.victims}
        try:
            ground.orders.place(self.victims, self.point, "crash")
            await self._bring_about(ground)
            await _taken(ground, self.victims, self.point, self.seconds)
        finally:
            taken = ground.orders.withdraw(self.victims, self.point)
        for name in taken:
            await ground.back(name, pids[name])
        return " and ".join(taken) or NOT_REACHED

    async def _bring_about(self, ground: Ground) -> None:
        match _step(self.point):
            case "relay":  # has work only for what a stream has lost
                await ground.insist(lambda: valkey.flush(ground))
            case "fail" | "letters":
                await ground.insist(lambda: ground.poison.store("chaos-poison"))
            case _:
                pass


def _step(point: str) -> str:
    return point.partition(".")[0]


class Clock(msgspec.Struct, frozen=True):
    """The clock of one worker is stepped, and put right after some seconds (or because the worker dies)."""

    name: str
    victim: str
    step_ms: int
    seconds: float

    @property
    def detail(self) -> str:
        return f"{self.victim} by {self.step_ms / 60_000:+.0f} min for {self.seconds:.1f} s"

    async def happen(self, ground: Ground) -> str:
        names = [self.victim]
        pid = ground.process(self.victim).pid
        if not await self._order(ground, self.step_ms):
            return NOT_REACHED
        try:
            await asyncio.sleep(self.seconds)
        finally:
            if ground.process(self.victim).pid == pid:
                ground.orders.place(names, READING, f"clock {-self.step_ms}")
        await _taken(ground, names, READING, self.seconds)
        put_right = ground.orders.withdraw(names, READING) or ground.process(self.victim).pid != pid
        if not put_right:
            ground.process(self.victim).kill()
            await ground.back(self.victim, pid)
        return ""

    async def _order(self, ground: Ground, step_ms: int) -> bool:
        try:
            ground.orders.place([self.victim], READING, f"clock {step_ms}")
            await _taken(ground, [self.victim], READING, self.seconds)
        finally:
            taken = ground.orders.withdraw([self.victim], READING)
        return bool(taken)


async def _taken(ground: Ground, names: Sequence[str], point: str, seconds: float) -> None:
    """Returns when one of the processes has taken its order, or after so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await until(lambda: len(ground.orders.waiting(names, point)) < len(names))
