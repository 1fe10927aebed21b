"""The conductor makes faults happen in time, several at once if so planned, and notes what did not heal."""

import asyncio
import time
from typing import Any, cast

import msgspec

from riskengine.chaos.conductor import Conductor, Event
from riskengine.chaos.ground import Ground
from riskengine.chaos.schedule import Planned
from riskengine.domain.errors import RiskEngineError

GROUND = cast(Any, None)


class Waiting(msgspec.Struct):
    """A fault that lasts until it is told to end."""

    name: str
    begun: asyncio.Event
    end: asyncio.Event
    detail: str = "as long as it takes"

    async def happen(self, ground: Ground) -> str:
        self.begun.set()
        await self.end.wait()
        return "it was"


class Failing(msgspec.Struct):
    """A fault that does not heal."""

    name: str = "failing"
    detail: str = ""

    async def happen(self, ground: Ground) -> str:
        raise RiskEngineError("it is not back")


async def test_faults_may_overlap_and_are_told_of_when_they_are_over() -> None:
    # Given two faults that wait, the second of which begins while the first lasts
    first, second = (Waiting(name, asyncio.Event(), asyncio.Event()) for name in ("first", "second"))
    told: list[Event] = []
    started = time.monotonic()
    conductor = Conductor(GROUND, lambda: time.monotonic() - started, told.append)
    running = asyncio.create_task(conductor.run([Planned(0.0, first), Planned(0.1, second)]))
    async with asyncio.timeout(20):
        await second.begun.wait()
        assert told == []
        # When they end in the other order
        second.end.set()
        while not told:
            await asyncio.sleep(0.01)
        first.end.set()
        await running
    # Then both were told of, with their remarks
    assert [event.name for event in told] == ["second", "first"]
    assert conductor.events == told
    assert all(event.healed and event.remark == "it was" and event.until_s >= event.from_s for event in told)


async def test_what_did_not_heal_is_noted_and_the_rest_goes_on() -> None:
    other = Waiting("other", asyncio.Event(), asyncio.Event())
    other.end.set()
    conductor = Conductor(GROUND, lambda: 1.0, lambda _: None)
    await conductor.run([Planned(0.0, Failing()), Planned(0.0, other)])
    assert [(event.name, event.healed) for event in conductor.events] == [("failing", False), ("other", True)]
    assert conductor.events[0].remark == "it is not back"
