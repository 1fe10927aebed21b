"""The worker process: consumers that decide, and the chores that keep the way to them clear."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from prometheus_client import start_http_server

from riskengine import wiring
from riskengine.domain import clock
from riskengine.domain.errors import Unavailable
from riskengine.insight.rollups import Rollups
from riskengine.pipeline import announcing, fleet, relay
from riskengine.pipeline.announcing import Announcing
from riskengine.pipeline.relay import Relay
from riskengine.settings import Settings
from riskengine.storage import partitions
from riskengine.wiring import Parts
from riskengine.worker.consumer import Consumer
from riskengine.worker.crew import Crew
from riskengine.worker.deaths import Deaths
from riskengine.worker.survey import Survey

RELAY_EVERY = 1.0
"""Seconds between looks for pending transactions that are on no stream: one indexed query."""

RETRIES_EVERY = 0.25
"""Seconds between looks for failed transactions whose next try is due: one indexed query on what failed."""

ANNOUNCE_EVERY = 1.0
"""Seconds between looks for dead letters that are not on their stream."""

ROLLUPS_EVERY = 2.0
"""Seconds between turns at the rollups: what was decided is in analytics that much later."""

LAST_WORDS = 1.0
"""Seconds for what is cancelled to end, after the deadline for finishing it."""

PARTITIONS_EVERY = 3600.0
"""Seconds between looks for months without partitions, which are made months ahead, and for months to be frozen."""

DEPTH_EVERY = 1.0
"""Seconds between looks at what is in the queue."""

SURVEY_EVERY = 5.0
"""Seconds between looks at PostgreSQL's connections, the processes that live and the months to come: small queries."""

TAKE_OVER_EVERY = 2.0
"""Seconds between looks for what dead workers left behind, as often as the living ones say that they live."""

DEAD_IDLE_MS = 5_000
"""How long the messages of a process that is dead must have lain: of two that take them over one is first, and the
consumers of a process that is only thought to be dead seldom hold any for so long."""

RETIRE_AFTER_MS = 10 * clock.MINUTE
"""A consumer that has not read for so long, and holds nothing, is dead: a living one reads every second."""

_log = structlog.get_logger()


class Worker:
    """The consumers of one process, and beside them: taking over from the dead, the relay, partitions ahead."""

    def __init__(self, parts: Parts, settings: Settings) -> None:
        self._parts = parts
        self._settings = settings
        who = wiring.identity("worker")
        self._name = who.process_id
        crew = Crew.of(settings.worker_batch_size)
        self._stopping = crew.stopping
        failing = wiring.failing(parts, settings, self._name)
        size = settings.worker_batch_size
        self._consumers = [
            Consumer(
                fleet.consumer_name(self._name, number), parts.queue, parts.decider, failing, crew, batch_size=size
            )
            for number in range(settings.worker_consumers + 1)
        ]
        self._follower = wiring.follower(parts, settings, who)
        self._deaths = Deaths(parts.database, parts.queue, self._name)
        after_ms, limit = settings.relay_after_ms, settings.queue_limit
        self._relay = Relay(parts.database, parts.queue, after_ms=after_ms, limit=limit, origins=parts.origins)
        self._announcing = Announcing(parts.database, parts.letters)
        self._rollups = Rollups(parts.database, parts.cache)
        self._survey = Survey(parts.database, parts.queue)

    async def run(self) -> None:
        """Works until `stop`, then finishes what is in hand, or hands it back when that takes too long.

        Raises what nobody foresaw, if that ended it.
        """
        _log.info("worker_started", worker=self._name, consumers=self._settings.worker_consumers)
        tasks = [asyncio.create_task(self._all_or_none(duty)) for duty in self._duties()]
        await self._stopping.wait()
        _, late = await asyncio.wait(tasks, timeout=self._settings.shutdown_deadline_ms / clock.SECOND)
        if late:
            _log.warning("worker_overdue", worker=self._name, unfinished=len(late))
            for task in late:
                task.cancel()
            await asyncio.wait(late, timeout=LAST_WORDS)
        await asyncio.gather(*(consumer.leave() for consumer in self._consumers))
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()
        _log.info("worker_stopped", worker=self._name)

    def _duties(self) -> list[Coroutine[Any, Any, None]]:
        *consumers, successor = self._consumers
        idle = self._settings.worker_takeover_idle_ms
        return [
            *(consumer.run() for consumer in consumers),
            self._follower.run(),
            self._every(min(TAKE_OVER_EVERY, idle / clock.SECOND / 3), partial(self._take_over, successor, idle)),
            self._every(RELAY_EVERY, partial(self._all_of, self._relay.bring_back_lost, relay.MOST_AT_ONCE)),
            self._every(RETRIES_EVERY, partial(self._all_of, self._relay.bring_back_retries, relay.MOST_AT_ONCE)),
            self._every(ANNOUNCE_EVERY, partial(self._all_of, self._announcing.run_once, announcing.MOST_AT_ONCE)),
            self._every(ROLLUPS_EVERY, self._count),
            self._every(DEPTH_EVERY, self._survey.queue),
            self._every(SURVEY_EVERY, self._survey.database),
            self._every(PARTITIONS_EVERY, self._look_ahead),
            self._every(PARTITIONS_EVERY, self._freeze),
        ]

    def stop(self) -> None:
        """Stops taking in new work. A second call is harmless."""
        self._stopping.set()
        self._follower.stop()

    async def _all_or_none(self, duty: Coroutine[Any, Any, None]) -> None:
        """Ends all duties if one fails in a way that nobody foresaw: the process then dies, and another follows.

        A cancellation alone would not do: redis-py loses one that comes while it connects.
        """
        try:
            await duty
        except Exception:
            _log.exception("worker_failed", worker=self._name)
            self.stop()
            raise

    async def _every(self, seconds: float, chore: Callable[[], Awaitable[None]]) -> None:
        while not self._stopping.is_set():
            try:
                await chore()
            except Unavailable as error:
                _log.info("chore_postponed", part=error.part)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _take_over(self, successor: Consumer, idle_ms: int) -> None:
        """Only while PostgreSQL answers: else nobody could settle anything, and consumers that wait seem dead."""
        dead = await self._deaths.consumers()
        await successor.take_over(idle_ms)
        if dead:
            await successor.take_over(min(idle_ms, DEAD_IDLE_MS), dead)

    async def _all_of(self, step: Callable[[], Awaitable[int]], most: int) -> None:
        """Takes a step that does up to so much at once, until it finds less."""
        while await step() == most and not self._stopping.is_set():
            pass

    async def _count(self) -> None:
        """Moves the rollups on until there is nothing new."""
        while (await self._rollups.run_once()).more and not self._stopping.is_set():
            pass

    async def _freeze(self) -> None:
        await partitions.freeze_closed(self._parts.database, clock.now_ms())

    async def _look_ahead(self) -> None:
        await partitions.ensure_ahead(self._parts.database, clock.now_ms())
        await self._parts.queue.retire(RETIRE_AFTER_MS)


async def run(settings: Settings) -> None:
    """Runs a worker until SIGTERM or SIGINT."""
    if settings.worker_metrics_port is not None:
        start_http_server(settings.worker_metrics_port, addr=settings.worker_metrics_host)
    with wiring.traced(settings, "worker"):
        await _run(settings)


async def _run(settings: Settings) -> None:
    async with wiring.assemble(settings, name="riskengine-worker", idle=1, most=settings.worker_db_pool_max) as parts:
        await wiring.watch_budget(parts.database, settings, "worker")
        worker = Worker(parts, settings)
        loop = asyncio.get_running_loop()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signal_number, worker.stop)
        async with wiring.measured(settings, "worker"):
            await worker.run()
