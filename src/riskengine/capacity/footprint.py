"""What a transaction leaves and moves: bytes of WAL, on disk, and to and from Valkey."""

import asyncpg
import msgspec
from redis.asyncio import Redis

from riskengine.stack.stack import Stack


class Footprint(msgspec.Struct, frozen=True):
    """Bytes a transaction, of all that was sent to a stack: the warm-up, singles and batches."""

    wal: int
    disk: int
    valkey_in: int
    valkey_out: int


class Totals(msgspec.Struct, frozen=True):
    """Bytes so far, and decisions."""

    wal: int
    disk: int
    valkey_in: int
    valkey_out: int
    decisions: int

    def since(self, before: "Totals") -> Footprint:
        """Bytes a transaction between then and now."""
        count = self.decisions - before.decisions
        return Footprint(
            wal=(self.wal - before.wal) // count,
            disk=(self.disk - before.disk) // count,
            valkey_in=(self.valkey_in - before.valkey_in) // count,
            valkey_out=(self.valkey_out - before.valkey_out) // count,
        )


async def totals(stack: Stack) -> Totals:
    """What a stack with one Valkey has written and moved until now."""
    connection = await asyncpg.connect(stack.database_url)
    redis = Redis.from_url(stack.redis_url)
    try:
        wal, disk, decisions = await connection.fetchrow(
            "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8, pg_database_size(current_database()),"
            " (SELECT count(*) FROM decisions)"
        )
        moved = await redis.info("stats")
    finally:
        await redis.aclose()
        await connection.close()
    return Totals(wal, disk, moved["total_net_input_bytes"], moved["total_net_output_bytes"], decisions)
