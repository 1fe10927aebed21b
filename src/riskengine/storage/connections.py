"""Connections to PostgreSQL: how many it gives, and who has them now."""

from riskengine.storage.database import Database


async def capacity(database: Database) -> int:
    """How many there may be at once, without those that are kept for superusers. Raises Unavailable."""
    row = await database.fetch_one("connection_capacity")
    assert row is not None, "connection_capacity.sql has one row"
    return int(row["capacity"])


async def now(database: Database) -> dict[str, int]:
    """How many each application has, the one with most first. Raises Unavailable."""
    return {row["application"]: row["connections"] for row in await database.fetch("connections_now")}
