"""What every fault is."""

from typing import Protocol

from riskengine.chaos.ground import Ground


class Fault(Protocol):
    """One fault with all that was drawn for it: victim, duration, and so on."""

    @property
    def name(self) -> str:
        """The name of its kind."""

    @property
    def detail(self) -> str:
        """What was drawn for it, in words."""

    async def happen(self, ground: Ground) -> str:
        """Does it, lets it last, and heals it, also when cancelled. Returns a remark, mostly empty.

        Raises RiskEngineError if it could not be done, or did not heal.
        """
