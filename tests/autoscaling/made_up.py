"""A source and a driver that a test plays on."""

from collections.abc import Mapping

from msgspec import structs

from riskengine.domain.errors import RiskEngineError
from riskengine.operations.signals import Signal
from riskengine.operations.sources import Reading
from riskengine.stack.errors import StackError
from riskengine.stack.standing import Counts, Kind


class MadeUpSource:
    """Tells what the test says, or fails with what it says."""

    def __init__(self, signals: Mapping[Signal, float]) -> None:
        self.signals = signals
        self.away: tuple[str, ...] = ()
        self.failure: RiskEngineError | None = None

    async def read(self) -> Reading:
        if self.failure is not None:
            raise self.failure
        return Reading(self.signals, self.away)


class MadeUpDriver:
    """Has the counts that it is told to have, unless it refuses."""

    def __init__(self) -> None:
        self.now = Counts(1, 1)
        self.refusal: str | None = None
        self.asked: list[tuple[Kind, int]] = []

    def counts(self) -> Counts:
        return self.now

    def scale(self, kind: Kind, count: int) -> None:
        self.asked.append((kind, count))
        if self.refusal is not None:
            raise StackError(self.refusal)
        self.now = structs.replace(self.now, **{str(kind): count})
