"""Makes faults happen when they are due, and writes down what happened."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from riskengine.chaos.ground import Ground
from riskengine.chaos.schedule import Planned
from riskengine.domain.errors import RiskEngineError


class Event(msgspec.Struct, frozen=True):
    """A fault that happened: from when to when (seconds from the start), and a remark. `healed` is what should be."""

    name: str
    detail: str
    from_s: float
    until_s: float
    remark: str
    healed: bool


class Conductor:
    """Carries out a plan on the ground. `clock` gives the seconds since the start; `tell` hears of each event."""

    def __init__(self, ground: Ground, clock: Callable[[], float], tell: Callable[[Event], None]) -> None:
        self._ground = ground
        self._clock = clock
        self._tell = tell
        self.events: list[Event] = []

    async def run(self, plan: Sequence[Planned]) -> None:
        """Returns when all faults have happened and healed."""
        async with asyncio.TaskGroup() as faults:
            for planned in plan:
                await asyncio.sleep(planned.at_s - self._clock())
                faults.create_task(self._happen(planned))

    async def _happen(self, planned: Planned) -> None:
        fault = planned.fault
        began = self._clock()
        healed = True
        try:
            remark = await fault.happen(self._ground)
        except RiskEngineError as error:
            healed, remark = False, str(error)
        event = Event(fault.name, fault.detail, round(began, 1), round(self._clock(), 1), remark, healed)
        self.events.append(event)
        self._tell(event)
