"""What a PostgreSQL says of itself."""

import msgspec

from riskengine.domain import clock
from riskengine.storage.database import Database


class Server(msgspec.Struct, frozen=True):
    """Its version, of which `major` is the number before the point, and its time (ms) when it was asked."""

    version: str
    major: int
    now_ms: int


async def get(database: Database) -> Server:
    """What the server is. Raises Unavailable."""
    row = await database.fetch_one("server")
    assert row is not None, "server.sql has one row"
    return Server(row["version"], row["major"], clock.to_ms(row["now"]))
