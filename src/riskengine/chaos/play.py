"""A run: load and faults, then peace, until all is answered and decided, and the audit."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from riskengine.chaos.audit.auditing import audit
from riskengine.chaos.audit.findings import Findings
from riskengine.chaos.conductor import Conductor, Event
from riskengine.chaos.ground import Ground
from riskengine.chaos.load import Load
from riskengine.chaos.meter import EVERY_S, Meter, Sample
from riskengine.chaos.options import Options
from riskengine.chaos.record import Record
from riskengine.chaos.schedule import Planned
from riskengine.chaos.stage import Stage
from riskengine.chaos.traffic import Traffic
from riskengine.client.requests import Requests
from riskengine.stack import ports
from riskengine.storage import api_keys
from riskengine.storage.database import Database

ANSWER_S = 120.0
"""Seconds after the last fault in which all that was sent is to be answered."""

DRAIN_S = 90.0
"""Seconds without any change after which what is left is given up: the audit then says what is missing."""


class Outcome(msgspec.Struct, frozen=True):
    """What a run came to. `seconds` include the time after the last fault; counts of payments are by the client."""

    findings: Findings
    events: list[Event]
    samples: list[Sample]
    sent: int
    acknowledged: int
    answers: dict[int, int]
    sent_again: int
    held_back: int
    replays: int
    duplicates: int
    seconds: float


async def play(
    stage: Stage, options: Options, plan: Sequence[Planned], tell: Callable[[Event], None], say: Callable[[str], None]
) -> Outcome:
    """Plays it through; `tell` hears of each fault, `say` of what goes on. Raises Unavailable if PostgreSQL is lost."""
    stack = stage.stack
    database = await Database.connect(stack.database_url, idle=1, most=4, name="riskengine-chaos")
    try:
        key = await api_keys.create(database, "chaos", ("ingest",))
        record = Record(options.seed)
        to = Requests(ports.LOOPBACK, stack.balancer.port, key)
        load = Load(to, Traffic(options.seed), record, rate=options.rate, seed=options.seed)
        ground = Ground(stack, stage.proxies, stage.orders, database, stage.disk)
        meter = Meter(ground, load, record, database)
        conductor = Conductor(ground, lambda: meter.now_s, tell)
        async with _beside(meter.run()):
            async with _beside(load.run()):
                await conductor.run(plan)
                await asyncio.sleep(options.seconds - meter.now_s)
            say("No more load and no more faults: all that was sent is to be answered, and all that waits decided")
            await load.settle(ANSWER_S)
            await _drained(meter)
        say("Auditing")
        findings = await audit(database, record, ground.poison, meter.samples, conductor.events)
        return Outcome(
            findings=findings,
            events=conductor.events,
            samples=meter.samples,
            sent=len(record.sent),
            acknowledged=len(record.acknowledged),
            answers=dict(sorted(record.answers.items())),
            sent_again=record.sent_again,
            held_back=record.held_back,
            replays=record.replays,
            duplicates=record.duplicates,
            seconds=meter.now_s,
        )
    finally:
        await database.close()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Works for as long as the block lasts. Raises what ended the work early."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def _drained(meter: Meter) -> None:
    """Returns when nothing waits but what dead letters hold, or nothing has changed for DRAIN_S."""
    began = moved = meter.now_s
    stand: tuple[object, ...] = ()
    while meter.now_s - moved < DRAIN_S:
        await asyncio.sleep(EVERY_S)
        last = meter.samples[-1]
        if last.at_s < began:
            continue
        if last.pending is not None and last.pending == last.held and last.depth == 0:
            return
        now = (last.decided, last.pending, last.held, last.depth)
        if now != stand and None not in now:
            stand, moved = now, meter.now_s
