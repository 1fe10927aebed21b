"""How the parts of the engine are put together: the same for the API, the workers and the commands."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path

import msgspec
import structlog

from riskengine import garbage
from riskengine.domain import clock
from riskengine.domain.connection_budget import ConnectionBudget, Share
from riskengine.domain.errors import Unavailable
from riskengine.models.bundle import open_bundle
from riskengine.pipeline import listed
from riskengine.pipeline.building import Builder
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.failing import Failing
from riskengine.pipeline.follower import Follower
from riskengine.pipeline.pace import Pace
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
from riskengine.state.cache import Cache
from riskengine.state.histories import Histories
from riskengine.state.origins import Origins
from riskengine.state.quotas import Quotas
from riskengine.storage import connections as of_postgresql
from riskengine.storage import processes
from riskengine.storage.database import Database
from riskengine.storage.processes import Identity
from riskengine.storage.reach import Reach
from riskengine.storage.reads import Reads, Replicas
from riskengine.streaming.dead_letter_stream import DeadLetterStream
from riskengine.streaming.partitioned_stream import PartitionedStream
from riskengine.streaming.queue import Queue
from riskengine.telemetry import process, pushing, tracing
from riskengine.telemetry.process import Role

_log = structlog.get_logger()


class Parts(msgspec.Struct, frozen=True):
    """What every process works with."""

    breakers: Breakers
    database: Database
    reads: Reads
    queue: Queue
    letters: DeadLetterStream
    histories: Histories
    engines: Running
    builder: Builder
    decider: Decider
    quotas: Quotas
    cache: Cache
    origins: Origins


@asynccontextmanager
async def assemble(settings: Settings, *, name: str, idle: int, most: int) -> AsyncIterator[Parts]:
    """The parts, connected to the servers that the settings name; `idle` and `most` are connections to PostgreSQL.

    The engine is the one that is published now; a `follower` keeps it at that. Raises Unavailable if PostgreSQL does
    not answer, and ConfigurationError if it refuses, lacks the schema, or holds what this version cannot run, or if
    Redis is not what its address says. Redis may come later.
    """
    if settings.fail_points is not None:
        failpoints.arm(Path(settings.fail_points))
    limits = Limits(settings.breaker_failures, settings.breaker_open_ms, settings.breaker_probes)
    breakers, reach = Breakers.of(limits), Reach(pooled=settings.pooled)
    replicas = Replicas(settings.replica_urls, most, name, pooled=settings.pooled, limits=limits)
    async with AsyncExitStack() as opened:
        redis = connections.connect(settings.redis_url, name)
        opened.push_async_callback(redis.aclose)
        database = await Database.connect(
            settings.database_url, idle=idle, most=most, name=name, breaker=breakers.postgresql, reach=reach
        )
        opened.push_async_callback(database.close)
        build = builder(database, breakers.model)
        engines = await Running.start(database, build)
        await refuse_unfit(redis)
        reads = await Reads.connect(database, replicas)
        opened.push_async_callback(reads.close)
        queue = PartitionedStream(redis, settings.stream_partitions, breaker=breakers.redis)
        histories = histories_in(redis, settings.stream_partitions, breakers.redis)
        letters = DeadLetterStream(redis, breaker=breakers.redis)
        decider = Decider(database, Recall(database, histories, engines), engines)
        quotas, cache = Quotas(redis, breaker=breakers.redis), Cache(redis, breaker=breakers.redis)
        origins = Origins(redis, breaker=breakers.redis)
        await opened.enter_async_context(_measured(reads))
        garbage.settle()
        yield Parts(
            breakers, database, reads, queue, letters, histories, engines, build, decider, quotas, cache, origins
        )


@contextmanager
def traced(settings: Settings, role: str) -> Iterator[None]:
    """Traces what TRACING_SAMPLE asks for while the block lasts; `role` is `api` or `worker`.

    Raises ConfigurationError if what that needs is not installed.
    """
    endpoint = settings.otel_exporter_otlp_endpoint
    if endpoint is None or settings.tracing_sample <= 0:
        yield
        return
    share, service = settings.tracing_sample / 100, f"riskengine-{role}"
    tracing.start(share=share, endpoint=endpoint, service=service, instance=identity(role).process_id)
    try:
        yield
    finally:
        tracing.stop(min(tracing.LAST_SENDING, settings.shutdown_deadline_ms / clock.SECOND))


@asynccontextmanager
async def measured(settings: Settings, role: Role) -> AsyncIterator[None]:
    """While the block lasts this process shows what it takes, and sends its metrics where settings say so.

    Raises ConfigurationError if what that needs is not installed.
    """
    endpoint, every = settings.otel_exporter_otlp_endpoint, settings.metrics_push_seconds
    with pushing.pushed(endpoint, every, f"riskengine-{role}", identity(role).process_id):
        async with process.measured(role, settings.process_memory_mib):
            yield


@asynccontextmanager
async def _measured(reads: Reads) -> AsyncIterator[None]:
    """How far replicas are behind is known while the block lasts."""
    measuring = asyncio.create_task(reads.watch())
    try:
        yield
    finally:
        measuring.cancel()
        with suppress(asyncio.CancelledError):
            await measuring


def builder(database: Database, of_models: Breaker | None = None) -> Builder:
    """What makes engines of stored versions. Without a breaker their models are run however often they were late."""
    return Builder(database, partial(open_bundle, breaker=of_models), listed.load)


def histories_in(redis: Client, partitions: int, breaker: Breaker | None = None) -> Histories:
    """What scoring remembers, in so many partitions of that server. Without a breaker it has one of its own."""
    return Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS, breaker=breaker, partitions=partitions)


def identity(role: str) -> Identity:
    """Who this process is; `role` is `api` or `worker`."""
    return Identity(f"{role}-{socket.gethostname()}-{os.getpid()}", role, clock.now_ms())


async def connection_budget(database: Database, settings: Settings, joining: str | None = None) -> ConnectionBudget:
    """What the living processes take of PostgreSQL's connections at most, if all have these settings.

    With one more of the role `joining`. One that was killed counts until it is known to be dead. Raises Unavailable.
    """
    roles = [report.role for report in await processes.living(database)]
    if joining is not None:
        roles.append(joining)
    listening = 0 if settings.pooled else 1
    pools = {"api": settings.api_db_pool_max, "worker": settings.worker_db_pool_max}
    shares = tuple(Share(role, roles.count(role), pool, listening) for role, pool in pools.items())
    return ConnectionBudget(shares, await of_postgresql.capacity(database))


async def watch_budget(database: Database, settings: Settings, role: str) -> None:
    """Warns if PostgreSQL may run out of connections with one more process of the role. A pooler has its own limits."""
    if settings.pooled:
        return
    with suppress(Unavailable):  # it is looked at by the next that starts
        budget = await connection_budget(database, settings, role)
        if not budget.fits:
            _log.warning("connections_over_budget", sum=str(budget))


def follower(parts: Parts, settings: Settings, who: Identity) -> Follower:
    """What keeps this process at what is published, and says that it lives and how much it does."""
    pace = Pace(lambda: parts.decider.decided)
    url = None if settings.pooled else settings.database_url
    return Follower(parts.database, parts.engines, url, who, pace)


def failing(parts: Parts, settings: Settings, worker: str) -> Failing:
    """What becomes of messages that the worker could not decide."""
    jitter = settings.retry_jitter_percent / 100
    schedule = Schedule(attempts=settings.retry_attempts, first_ms=settings.retry_first_ms, jitter=jitter)
    return Failing(parts.database, parts.engines, schedule, worker=worker, origins=parts.origins)
