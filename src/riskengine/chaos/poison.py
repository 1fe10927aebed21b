"""What no engine can digest: messages that are no transactions, and a stored transaction that cannot be scored."""

from random import Random
from uuid import UUID

from redis.asyncio import Redis

from riskengine.domain import clock, ids
from riskengine.settings import stream_partitions
from riskengine.storage.database import Database
from riskengine.streaming import messages, streams

UNKNOWN_VERSION = messages.VERSION + 1
"""A schema version of messages that no worker reads yet."""


class Poison:
    """Makes it, and remembers what was made.

    `unscorable` are keys by transaction id, each perhaps not stored. `garbage` says of each body whether Valkey had
    taken it; of those, `lost` it lost again, perhaps, before anybody read them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.unscorable: dict[UUID, str] = {}
        self.garbage: dict[bytes, bool] = {}
        self.lost: set[bytes] = set()

    async def store(self, account_id: str) -> None:
        """Stores and queues a transaction of the account that scoring cannot take. Raises Unavailable."""
        transaction_id = ids.new()
        key = f"poison-{transaction_id}"
        self.unscorable[transaction_id] = key  # before it is known: an error may come after the commit
        moment = clock.to_datetime(ids.created_at_ms(transaction_id))
        await self._database.fetch("chaos_unscorable", transaction_id, moment, account_id, key)

    async def publish(self, valkey: Redis, random: Random) -> None:
        """Puts a message on a stream that is no transaction of this version. Raises what redis-py does."""
        tail = random.randbytes(12)
        body = random.choice(
            (
                tail,  # nothing at all
                bytes([UNKNOWN_VERSION]) + tail,  # of a version to come
                bytes([messages.VERSION]) + tail,  # of this version, and cut off or garbled
            )
        )
        self.garbage[body] = False
        await valkey.xadd(random.choice(streams.names(stream_partitions())), {b"d": body})
        self.garbage[body] = True

    def memory_lost(self) -> None:
        """Notes that Valkey lost all it held: nobody will ever miss garbage that was in it."""
        self.lost |= self.garbage.keys()
