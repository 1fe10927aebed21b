"""How the parts of the engine are put together: the same for the API, the workers and the commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from riskengine import garbage
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.engines import Fixed
from riskengine.pipeline.recall import Recall
from riskengine.resilience import redis as connections
from riskengine.scoring import shared
from riskengine.scoring.engine import Engine
from riskengine.settings import Settings
from riskengine.state.histories import Histories
from riskengine.storage.database import Database
from riskengine.streaming.queue import Queue
from riskengine.streaming.redis_stream import RedisStream


class Parts(msgspec.Struct, frozen=True):
    """What every process works with."""

    database: Database
    queue: Queue
    histories: Histories
    engine: Engine
    decider: Decider


@asynccontextmanager
async def assemble(settings: Settings, *, name: str, idle: int, most: int) -> AsyncIterator[Parts]:
    """The parts, connected to the servers that the settings name; `idle` and `most` are connections to PostgreSQL.

    Raises Unavailable if PostgreSQL does not answer, and ConfigurationError if it refuses or lacks the schema. Redis
    may come later.
    """
    database = await Database.connect(settings.database_url, idle=idle, most=most, name=name)
    await database.fetch("partition_list")
    redis = connections.connect(settings.redis_url, name)
    engines = Fixed(Engine.starter())
    histories = Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS)
    decider = Decider(database, Recall(database, histories, engines), engines)
    garbage.settle()
    try:
        yield Parts(database, RedisStream(redis), histories, engines.engine, decider)
    finally:
        await redis.aclose()
        await database.close()
