"""How the parts of the engine are put together: the same for the API, the workers and the commands."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from redis.asyncio import Redis

from riskengine import garbage
from riskengine.domain import clock
from riskengine.models.bundle import open_bundle
from riskengine.pipeline import listed
from riskengine.pipeline.building import Builder
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.follower import Follower
from riskengine.pipeline.recall import Recall
from riskengine.pipeline.running import Running
from riskengine.resilience import redis as connections
from riskengine.scoring import shared
from riskengine.settings import Settings
from riskengine.state.histories import Histories
from riskengine.state.quotas import Quotas
from riskengine.storage.database import Database
from riskengine.storage.processes import Identity
from riskengine.streaming.queue import Queue
from riskengine.streaming.redis_stream import RedisStream


class Parts(msgspec.Struct, frozen=True):
    """What every process works with."""

    database: Database
    queue: Queue
    histories: Histories
    engines: Running
    builder: Builder
    decider: Decider
    quotas: Quotas


@asynccontextmanager
async def assemble(settings: Settings, *, name: str, idle: int, most: int) -> AsyncIterator[Parts]:
    """The parts, connected to the servers that the settings name; `idle` and `most` are connections to PostgreSQL.

    The engine is the one that is published now; a `follower` keeps it at that. Raises Unavailable if PostgreSQL does
    not answer, and ConfigurationError if it refuses, lacks the schema, or holds what this version cannot run. Redis may
    come later.
    """
    database = await Database.connect(settings.database_url, idle=idle, most=most, name=name)
    build = builder(database)
    try:
        engines = await Running.start(database, build)
    except BaseException:
        await database.close()
        raise
    redis = connections.connect(settings.redis_url, name)
    histories = histories_in(redis)
    decider = Decider(database, Recall(database, histories, engines), engines)
    garbage.settle()
    try:
        yield Parts(database, RedisStream(redis), histories, engines, build, decider, Quotas(redis))
    finally:
        await redis.aclose()
        await database.close()


def builder(database: Database) -> Builder:
    """What makes engines of stored versions."""
    return Builder(database, open_bundle, listed.load)


def histories_in(redis: Redis) -> Histories:
    """What scoring remembers, in that server."""
    return Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS)


def follower(parts: Parts, settings: Settings, role: str) -> Follower:
    """What keeps this process at what is published; `role` is `api` or `worker`."""
    who = Identity(f"{role}-{socket.gethostname()}-{os.getpid()}", role, clock.now_ms())
    return Follower(parts.database, parts.engines, settings.database_url, who)
