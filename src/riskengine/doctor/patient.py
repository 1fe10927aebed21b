"""What is looked at."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec

from riskengine.domain.errors import ConfigurationError
from riskengine.resilience import redis as connections
from riskengine.resilience.redis_url import RedisUrl
from riskengine.settings import Reading, Settings, examine
from riskengine.storage.database import Database
from riskengine.storage.reach import Reach

NAME = "riskengine-doctor"
"""What servers show of it."""


_NOWHERE = {"database_url": "postgresql://127.0.0.1:1/none", "redis_url": "redis://127.0.0.1:1"}
"""What stands for an address that is missing or wrong. Nobody goes there."""


class Patient(msgspec.Struct, frozen=True):
    """An installation: its settings, and ways to its servers, each of which may be away.

    `environment` is where the settings are from, and `reading` what they say; where that is nothing, or wrong,
    `settings` has what is usual.
    """

    environment: Mapping[str, str]
    reading: Reading
    settings: Settings
    database: Database
    redis: connections.Client

    @classmethod
    @asynccontextmanager
    async def reached(cls, environment: Mapping[str, str]) -> AsyncIterator["Patient"]:
        """The installation of these variables, for as long as the block lasts. Connections are made when needed."""
        reading, settings = _read(environment)
        reach = Reach(pooled=settings.pooled)
        database = await Database.connect(settings.database_url, idle=0, most=1, name=NAME, reach=reach)
        redis = connections.connect(settings.redis_url, NAME)
        try:
            yield cls(environment, reading, settings, database, redis)
        finally:
            await redis.aclose()
            await database.close()


def _read(environment: Mapping[str, str]) -> tuple[Reading, Settings]:
    """What can be read, and settings made of it."""
    reading = examine(environment)
    values, faults = dict(reading.values), dict(reading.faults)
    if "redis_url" in values:
        try:
            RedisUrl.of(values["redis_url"])
        except ConfigurationError as error:
            faults["REDIS_URL"] = str(error)
            del values["redis_url"]
    settings = Settings(**_NOWHERE | values)
    try:
        settings.refuse_contradictions()
    except ConfigurationError as error:
        faults["together"] = str(error)
    return Reading(values, faults), settings
