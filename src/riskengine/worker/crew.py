"""What the consumers of a process have in common."""

import asyncio

import msgspec

from riskengine.worker.claims import Claims
from riskengine.worker.turns import Turns


class Crew(msgspec.Struct, frozen=True):
    """The accounts in hand, whose turn it is to read, and whether it is time to stop."""

    claims: Claims
    turns: Turns
    stopping: asyncio.Event

    @classmethod
    def of(cls, batch_size: int) -> "Crew":
        """A crew that reads batches of that size."""
        return cls(Claims(), Turns(batch_size), asyncio.Event())
