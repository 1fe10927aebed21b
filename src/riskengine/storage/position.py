"""How far a primary has written at a moment."""

import time
from datetime import datetime

import msgspec

from riskengine.storage import queries
from riskengine.storage.database import Database

PATIENCE = 2.0
"""Seconds for a server to say how far it is: it reads what it has in memory."""


class Position(msgspec.Struct, frozen=True):
    """What a primary said of itself.

    `asked_at` is this process's monotonic time (s) before it was asked: whoever has replayed up to `lsn` has all that
    was committed then. `at` is the primary's own time. `database` and `system` tell which one it is.
    """

    asked_at: float
    lsn: int
    at: datetime
    database: str
    system: int

    @classmethod
    async def of(cls, primary: Database) -> "Position":
        """Where the primary is now. Raises Unavailable."""
        asked_at = time.monotonic()
        async with primary.connection() as connection:
            row = await connection.fetchrow(queries.text("primary_position"), timeout=PATIENCE)
        return cls(asked_at, row["lsn"], row["at"], row["database"], row["system_identifier"])
