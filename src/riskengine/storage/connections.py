"""Connections to PostgreSQL: how many it gives, and who has them now."""

import msgspec

from riskengine.storage.database import Database


class Use(msgspec.Struct, frozen=True):
    """How many connections clients have to PostgreSQL, and how many those who are no superusers may have at most."""

    used: int
    most: int


async def capacity(database: Database) -> int:
    """How many there may be at once, without those that are kept for superusers. Raises Unavailable."""
    row = await database.fetch_one("connection_capacity")
    assert row is not None, "connection_capacity.sql has one row"
    return int(row["capacity"])


async def now(database: Database) -> dict[str, int]:
    """How many each application has, the one with most first. Raises Unavailable."""
    return {row["application"]: row["connections"] for row in await database.fetch("connections_now")}


async def use(database: Database) -> Use:
    """How many there are, whoever has them. Raises Unavailable."""
    row = await database.fetch_one("connections_used")
    assert row is not None, "connections_used.sql has one row"
    return Use(row["used"], row["capacity"])
