"""What is looked at."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from riskengine.resilience import redis as connections
from riskengine.settings import Settings
from riskengine.storage.database import Database
from riskengine.storage.reach import Reach

NAME = "riskengine-doctor"
"""What servers show of it."""


class Patient(msgspec.Struct, frozen=True):
    """An installation: its settings, and ways to its servers, each of which may be away."""

    settings: Settings
    database: Database
    redis: connections.Client

    @classmethod
    @asynccontextmanager
    async def reached(cls, settings: Settings) -> AsyncIterator["Patient"]:
        """The installation of these settings, for as long as the block lasts. Connections are made when needed.

        Raises ConfigurationError if an address cannot be read.
        """
        reach = Reach(pooled=settings.pooled)
        database = await Database.connect(settings.database_url, idle=0, most=1, name=NAME, reach=reach)
        redis = connections.connect(settings.redis_url, NAME)
        try:
            yield cls(settings, database, redis)
        finally:
            await redis.aclose()
            await database.close()
