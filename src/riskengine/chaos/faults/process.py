"""Processes that die, stand still, or are started anew."""

import asyncio
import os
import signal
from contextlib import suppress

import msgspec
import psutil  # type: ignore[import-untyped]  # of the extra that the servers come with: here it is installed

from riskengine.chaos.ground import Ground, Server


class Kill(msgspec.Struct, frozen=True):
    """A process gets a signal that ends it; the stack starts another one."""

    name: str
    victim: str
    number: int = signal.SIGKILL

    @property
    def detail(self) -> str:
        return f"{self.victim} {signal.Signals(self.number).name}"

    async def happen(self, ground: Ground) -> str:
        pid = ground.process(self.victim).pid
        with suppress(ProcessLookupError):
            os.kill(pid, self.number)
        _mourn(ground, self.victim)
        await ground.back(self.victim, pid)
        return ""


class Freeze(msgspec.Struct, frozen=True):
    """A process with all its children stands still, and goes on after some seconds as if nothing had been."""

    name: str
    victim: str
    seconds: float

    @property
    def detail(self) -> str:
        return f"{self.victim} for {self.seconds:.1f} s"

    async def happen(self, ground: Ground) -> str:
        stopped: list[psutil.Process] = []
        try:
            with suppress(psutil.NoSuchProcess):
                parent = psutil.Process(ground.process(self.victim).pid)
                parent.suspend()  # first, so that it makes no more children
                stopped.append(parent)
                for child in parent.children(recursive=True):
                    with suppress(psutil.NoSuchProcess):
                        child.suspend()
                        stopped.append(child)
            await asyncio.sleep(self.seconds)
        finally:
            for process in reversed(stopped):
                with suppress(psutil.NoSuchProcess):
                    process.resume()
        return "" if stopped else "it was not running"


class Rolling(msgspec.Struct, frozen=True):
    """Every process is asked to leave as for an upgrade, one after the other, each once the one before is back."""

    name: str = "rolling"

    @property
    def detail(self) -> str:
        return "all processes"

    async def happen(self, ground: Ground) -> str:
        for process in reversed(ground.stack.processes):
            pid = process.pid
            with suppress(ProcessLookupError):
                os.kill(pid, process.program.stop_signal)
            _mourn(ground, process.name)
            await ground.back(process.name, pid)
        return ""


def _mourn(ground: Ground, victim: str) -> None:
    """Notes what is lost with a process."""
    if victim == Server.VALKEY:
        ground.poison.memory_lost()
