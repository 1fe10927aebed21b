"""Which engine decides: the one of now, and those of old decisions."""

from typing import Protocol

from riskengine.domain.decision import Versions
from riskengine.scoring.engine import Engine
from riskengine.scoring.money import Rates


class Engines(Protocol):
    """Where the pipeline gets its engine from, anew for each batch: it may have changed."""

    @property
    def engine(self) -> Engine:
        """The engine to decide with now."""
        ...

    async def rates(self, version: int) -> Rates:
        """A table of rates, also an old one. Raises NotFound and Unavailable."""
        ...

    async def of(self, versions: Versions) -> Engine:
        """The engine of these versions, to execute or explain an old decision. Raises NotFound and Unavailable."""
        ...


class Fixed:
    """One engine for ever: that of an offline run."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def rates(self, version: int) -> Rates:
        """The engine's own rates, whatever the version."""
        return self.engine.rates

    async def of(self, versions: Versions) -> Engine:
        """The engine itself, whatever the versions."""
        return self.engine
