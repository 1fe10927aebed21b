"""Processes that come, die and leave in simulated time."""

from collections.abc import Generator
from typing import Any

import msgspec
import simpy

from riskengine.capacity.whatif.line import Portion
from riskengine.capacity.whatif.plant import Plant
from riskengine.stack.standing import Counts, Kind


class _Newcomer(msgspec.Struct):
    """A process that gets ready, unless it is sent away before."""

    kind: Kind
    leaves: bool = False


class Crew:
    """How many processes are wanted, and those of them that start or are dead. Those that work are the plant's."""

    def __init__(self, environment: simpy.Environment, plant: Plant, start: Counts, ready_s: float) -> None:
        self._environment = environment
        self._plant = plant
        self._ready_s = ready_s
        self.wanted = start
        self._starting: list[_Newcomer] = []
        self._dead = dict.fromkeys(Kind, 0)
        for kind in Kind:
            plant.ready[kind] = start.of(kind)

    def have(self, kind: Kind, count: int) -> None:
        """Wants so many from now on: new ones get ready after a while; who leaves hands back what it has."""
        change = count - self.wanted.of(kind)
        self.wanted = msgspec.structs.replace(self.wanted, **{kind.value: count})
        for _ in range(change):
            newcomer = _Newcomer(kind)
            self._starting.append(newcomer)
            self._environment.process(self._get_ready(newcomer))
        for _ in range(-change):
            self._send_away(kind)

    def kill(self, kind: Kind) -> list[Portion] | None:
        """One dies. What a worker had in hand waits to be taken over; None if there was nobody to kill."""
        if not self._plant.ready[kind]:
            return None
        self._dead[kind] += 1
        if kind is Kind.API:
            self._plant.kill_api()
            return []
        return self._plant.kill_worker()

    def bring_back(self, kind: Kind) -> None:
        """One of the dead works again, if it is still wanted."""
        if self._dead[kind]:
            self._dead[kind] -= 1
            self._plant.ready[kind] += 1

    def _send_away(self, kind: Kind) -> None:
        """The last that came; of the dead it is known that they do nothing."""
        newcomers = [one for one in self._starting if one.kind is kind]
        if newcomers:
            newcomers[-1].leaves = True
            self._starting.remove(newcomers[-1])
        elif self._dead[kind]:
            self._dead[kind] -= 1
        else:
            self._plant.ready[kind] -= 1

    def _get_ready(self, newcomer: _Newcomer) -> Generator[simpy.Event, Any, None]:
        yield self._environment.timeout(self._ready_s)
        if not newcomer.leaves:
            self._starting.remove(newcomer)
            self._plant.ready[newcomer.kind] += 1
