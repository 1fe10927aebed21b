"""What the handlers work with, from the start of the process to its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import msgspec
import structlog
from prometheus_client import Gauge

from riskengine import wiring
from riskengine.api.access import Access
from riskengine.api.body_budget import BodyBudget
from riskengine.api.limiter import Limiter
from riskengine.domain import clock
from riskengine.insight.lookups import Lookups
from riskengine.insight.profiles import Profiles
from riskengine.insight.summaries import Summaries
from riskengine.pipeline import backfill
from riskengine.pipeline.immediate import Immediate
from riskengine.pipeline.ingest import Ingest
from riskengine.pipeline.publisher import Publisher
from riskengine.pipeline.publishing import Publishing
from riskengine.pipeline.room import Room
from riskengine.pipeline.running import Running
from riskengine.resilience.breakers import Breakers
from riskengine.settings import REQUIRED, Settings
from riskengine.storage import api_keys, partitions
from riskengine.storage.database import Database
from riskengine.storage.reads import Reads
from riskengine.streaming.queue import Queue

_log = structlog.get_logger()
_waiting = Gauge("riskengine_ingest_waiting", "Transactions that wait to be stored")
_body_bytes = Gauge("riskengine_body_bytes", "Bytes reserved for the bodies of requests under way")


class Service(msgspec.Struct, frozen=True):
    """The parts of the engine that answers are made with. Who reads a batch has `reading`."""

    breakers: Breakers
    database: Database
    reads: Reads
    queue: Queue
    engines: Running
    access: Access
    limiter: Limiter
    bodies: BodyBudget
    room: Room
    reading: asyncio.Lock
    ingest: Ingest
    immediate: Immediate
    publishing: Publishing
    lookups: Lookups
    profiles: Profiles
    summaries: Summaries


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    """The service, connected; in the end what was accepted is stored and published first.

    Raises Unavailable, and ConfigurationError.
    """
    with wiring.traced(settings, "api"):
        async with _connected(settings) as service:
            yield service


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Service]:
    idle, most = settings.api_db_pool_min, settings.api_db_pool_max
    async with wiring.assemble(settings, name="riskengine-api", idle=idle, most=most) as parts:
        await partitions.ensure_ahead(parts.database, clock.now_ms())
        await wiring.watch_budget(parts.database, settings, "api")
        room = Room(settings.ingest_queue_limit)
        service = Service(
            breakers=parts.breakers,
            database=parts.database,
            reads=parts.reads,
            queue=parts.queue,
            engines=parts.engines,
            access=Access(partial(api_keys.find, parts.database)),
            limiter=Limiter(parts.quotas.take),
            bodies=BodyBudget(settings.api_body_budget_mib << 20),
            room=room,
            reading=asyncio.Lock(),
            ingest=Ingest(parts.database, Publisher(parts.queue, limit=settings.queue_limit), room),
            immediate=Immediate(parts.database, parts.decider, room),
            publishing=Publishing(
                parts.database,
                parts.builder,
                approval=settings.release_approval == REQUIRED,
                cold_features=partial(backfill.cold, parts.histories),
            ),
            lookups=Lookups(parts.database, parts.cache),
            profiles=Profiles(parts.database, parts.cache, parts.histories),
            summaries=Summaries(parts.reads, parts.cache),
        )
        _waiting.set_function(lambda: room.depth)
        _body_bytes.set_function(lambda: service.bodies.held)
        follower = wiring.follower(parts, settings, wiring.identity("api"))
        following = asyncio.create_task(follower.run())
        try:
            yield service
        finally:
            await _drain(service, settings.shutdown_deadline_ms / clock.SECOND)
            follower.stop()
            await following


async def _drain(service: Service, seconds: float) -> None:
    """Has what was begun finished. What is not by then was answered to nobody: clients send it again."""
    try:
        async with asyncio.timeout(seconds):
            await service.ingest.drain()
            await service.immediate.drain()
    except TimeoutError:
        _log.warning("drain_overdue", waiting=service.room.depth)
