"""One command at a time changes which months there are."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from riskengine.domain.errors import PartitionRefused
from riskengine.storage.database import Connection, Database

_LOCK = 0x7269736E  # an advisory lock of PostgreSQL, for as long as the command works


@asynccontextmanager
async def working(database: Database) -> AsyncIterator[Connection]:
    """A connection of one's own, for as long as the block lasts. Raises PartitionRefused while another works."""
    async with database.connection() as connection:
        if not await connection.fetchval(f"SELECT pg_try_advisory_lock({_LOCK})"):
            raise PartitionRefused("another command changes partitions at this moment; wait until it is done")
        try:
            yield connection
        finally:
            if not connection.is_closed():
                await connection.execute(f"SELECT pg_advisory_unlock({_LOCK})")
