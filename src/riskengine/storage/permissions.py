"""What the user of a database may do in it."""

from collections.abc import Sequence

import msgspec

from riskengine.storage.database import Database


class Permissions(msgspec.Struct, frozen=True):
    """Of the user `name`: see permissions.sql."""

    name: str
    takes_writes: bool
    creates: bool
    unusable: Sequence[str]
    foreign_tables: Sequence[str]


async def get(database: Database) -> Permissions:
    """What the user that connects may do. Raises Unavailable, and ConfigurationError if no schema."""
    row = await database.fetch_one("permissions")
    assert row is not None, "permissions.sql has one row"
    return msgspec.convert(dict(row), Permissions)
