"""How the parts of the engine are put together: the same for the API, the workers and the commands."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec

from riskengine import garbage
from riskengine.domain import clock
from riskengine.models.bundle import open_bundle
from riskengine.pipeline import listed
from riskengine.pipeline.building import Builder
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.failing import Failing
from riskengine.pipeline.follower import Follower
from riskengine.pipeline.recall import Recall
from riskengine.pipeline.running import Running
from riskengine.resilience import failpoints
from riskengine.resilience import redis as connections
from riskengine.resilience.breaker import Breaker, Limits
from riskengine.resilience.breakers import Breakers
from riskengine.resilience.redis import Client
from riskengine.resilience.redis_fitness import refuse_unfit
from riskengine.resilience.retry import Schedule
from riskengine.scoring import shared
from riskengine.settings import Settings
from riskengine.state.histories import Histories
from riskengine.state.quotas import Quotas
from riskengine.storage.database import Database
from riskengine.storage.processes import Identity
from riskengine.streaming.dead_letter_stream import DeadLetterStream
from riskengine.streaming.queue import Queue
from riskengine.streaming.redis_stream import STREAM, RedisStream


class Parts(msgspec.Struct, frozen=True):
    """What every process works with."""

    breakers: Breakers
    database: Database
    queue: Queue
    letters: DeadLetterStream
    histories: Histories
    engines: Running
    builder: Builder
    decider: Decider
    quotas: Quotas


@asynccontextmanager
async def assemble(settings: Settings, *, name: str, idle: int, most: int) -> AsyncIterator[Parts]:
    """The parts, connected to the servers that the settings name; `idle` and `most` are connections to PostgreSQL.

    The engine is the one that is published now; a `follower` keeps it at that. Raises Unavailable if PostgreSQL does
    not answer, and ConfigurationError if it refuses, lacks the schema, or holds what this version cannot run, or if
    Redis is not what its address says. Redis may come later.
    """
    if settings.fail_points is not None:
        failpoints.arm(Path(settings.fail_points))
    breakers = Breakers.of(Limits(settings.breaker_failures, settings.breaker_open_ms, settings.breaker_probes))
    redis = connections.connect(settings.redis_url, name)
    database = await Database.connect(
        settings.database_url, idle=idle, most=most, name=name, breaker=breakers.postgresql
    )
    build = builder(database, breakers.model)
    try:
        engines = await Running.start(database, build)
        await refuse_unfit(redis)
    except BaseException:
        await redis.aclose()
        await database.close()
        raise
    queue = RedisStream(redis, breaker=breakers.redis)
    histories = histories_in(redis, settings.stream_partitions, breakers.redis)
    letters = DeadLetterStream(redis, breaker=breakers.redis)
    decider = Decider(database, Recall(database, histories, engines), engines)
    garbage.settle()
    try:
        quotas = Quotas(redis, breaker=breakers.redis)
        yield Parts(breakers, database, queue, letters, histories, engines, build, decider, quotas)
    finally:
        await redis.aclose()
        await database.close()


def builder(database: Database, of_models: Breaker | None = None) -> Builder:
    """What makes engines of stored versions. Without a breaker their models are run however often they were late."""
    return Builder(database, partial(open_bundle, breaker=of_models), listed.load)


def histories_in(redis: Client, partitions: int, breaker: Breaker | None = None) -> Histories:
    """What scoring remembers, in so many partitions of that server. Without a breaker it has one of its own."""
    return Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS, breaker=breaker, partitions=partitions)


def follower(parts: Parts, settings: Settings, role: str) -> Follower:
    """What keeps this process at what is published; `role` is `api` or `worker`."""
    who = Identity(f"{role}-{socket.gethostname()}-{os.getpid()}", role, clock.now_ms())
    return Follower(parts.database, parts.engines, settings.database_url, who)


def failing(parts: Parts, settings: Settings, worker: str) -> Failing:
    """What becomes of messages that the worker could not decide."""
    jitter = settings.retry_jitter_percent / 100
    schedule = Schedule(attempts=settings.retry_attempts, first_ms=settings.retry_first_ms, jitter=jitter)
    return Failing(parts.database, parts.engines, schedule, stream=STREAM, worker=worker)
