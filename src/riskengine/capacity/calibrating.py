"""A calibration: the runs, one after another, and what they add up to."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import msgspec
from redis.asyncio import Redis

from riskengine.capacity import footprint, stock
from riskengine.capacity.calibration import FORM, Calibration, Costs, Machine, Service, Sizes
from riskengine.capacity.course import Course, EndToEnd
from riskengine.capacity.footprint import Footprint
from riskengine.capacity.forecast import Clients, Forecast, Layout, forecast
from riskengine.capacity.measuring import FULL_BATCH, LEAST, SMALL_BATCH, Measuring, Rates
from riskengine.capacity.mix import Mix
from riskengine.capacity.stock import Kept
from riskengine.client import requests
from riskengine.client.requests import Requests
from riskengine.domain.transaction import Submission
from riskengine.lab.simulator import Plan, Simulator
from riskengine.settings import table
from riskengine.stack import ports
from riskengine.stack.stack import Stack
from riskengine.storage import api_keys, running
from riskengine.storage.database import Database

CHECK = Mix(singles=0.4, batches=0.4, decisions=0.2)
"""The mix of the run that is predicted and then measured."""

OVERHEAD_S = 20.0
"""Seconds of a calibration that are no run: servers and three workers start, and end."""

SINGLES, BATCHES, DECISIONS, MIXED, ACCEPTED, SMALL, FULL = 0.22, 0.15, 0.15, 0.15, 0.09, 0.09, 0.15
"""The shares of the runs in what remains."""

STEPS = (
    "Warming up",
    "Single requests",
    "Batches",
    "Decisions that somebody waits for",
    "All of them at once, against the prediction",
    "Single requests that wait",
    "A worker on small batches",
    "A worker on full batches",
)
"""What is said of each run, in this order."""

CUSTOMERS, DAYS = 5_000, 60
"""Simulated customers and days: rows for runs of minutes, within the days that a history holds."""


class Check(msgspec.Struct, frozen=True):
    """A run that was predicted, and what it did."""

    layout: Layout
    mix: Mix
    predicted: Forecast
    cpu_us: float
    tps: float
    cores: float

    @property
    def cpu_error(self) -> float:
        """By what share of what was measured the prediction of processor time missed."""
        return abs(self.predicted.cpu_us - self.cpu_us) / self.cpu_us

    @property
    def tps_error(self) -> float:
        """By what share of what was measured the prediction of transactions a second missed."""
        return abs(self.predicted.tps - self.tps) / self.tps


class Findings(msgspec.Struct, frozen=True):
    """A calibration, what its clients cost, and the check that its error is from."""

    calibration: Calibration
    clients: Clients
    check: Check


class _Live(msgspec.Struct, frozen=True):
    """The runs with a worker at work, and what they left."""

    singles: EndToEnd
    batches: EndToEnd
    decisions: EndToEnd
    left: Footprint
    kept: Kept


class _Waiting(msgspec.Struct, frozen=True):
    """The runs in which transactions wait, and then a worker has nothing else to do: rates a second, and bytes."""

    api_tps: float
    small_tps: float
    full_tps: float
    queued: float


def rows() -> Iterator[Submission]:
    """Simulated transactions, the same ones each time, but for their ids."""
    for labelled in Simulator(Plan(customers=CUSTOMERS, days=DAYS)).stream():
        yield Submission(labelled.transaction, str(labelled.transaction.transaction_id), b"")


async def calibrate(stack: Stack, seconds: float, say: Callable[[str], None]) -> Findings:
    """Measures a stack of one API process and no worker, for about so long; `say` hears each of STEPS.

    Raises NotTakenError if something is refused or not decided, StackError, and Unavailable.
    """
    database = await Database.connect(stack.database_url, idle=1, most=2, name="riskengine-calibrate")
    redis = Redis.from_url(stack.redis_url)
    try:
        key = await api_keys.create(database, "calibrate", ("ingest", "read"))
        to, steps = Requests(ports.LOOPBACK, stack.balancer.port, key), iter(STEPS)
        measuring = Measuring(stack, Course(database, to, rows()))

        def next_step() -> None:
            say(next(steps))

        work_s = max(seconds - OVERHEAD_S, seconds / 4)
        with measuring.worker():
            next_step()
            rates = await measuring.warm_up()
            live = await _live(measuring, redis, rates, work_s, next_step)
            clients = Clients(*(run.cpu_us["client"] for run in (live.singles, live.batches, live.decisions)))
            next_step()
            check = await measuring.mixed(CHECK, _count(rates.singles, MIXED * work_s))
        waiting = await _waiting(measuring, redis, rates, work_s, next_step)
        runs = await running.get(database)
    finally:
        await redis.aclose()
        await database.close()
    engine = {name: version for name, version in msgspec.structs.asdict(runs.versions).items() if version is not None}
    return _findings(live, waiting, clients, check, engine)


async def _live(
    measuring: Measuring, redis: Redis, rates: Rates, work_s: float, next_step: Callable[[], None]
) -> _Live:
    before = await footprint.totals(measuring.stack)
    next_step()
    singles = await measuring.singles(_count(rates.singles, SINGLES * work_s))
    next_step()
    batches = await measuring.batches(_count(rates.batches, BATCHES * work_s))
    left = (await footprint.totals(measuring.stack)).since(before)
    next_step()
    decisions = await measuring.decisions(_count(rates.decisions, DECISIONS * work_s))
    return _Live(singles, batches, decisions, left, await stock.kept(redis))


async def _waiting(
    measuring: Measuring, redis: Redis, rates: Rates, work_s: float, next_step: Callable[[], None]
) -> _Waiting:
    next_step()
    api_tps = await measuring.accept(_count(rates.singles, ACCEPTED * work_s))
    await measuring.heap(_count(rates.batches, SMALL * work_s))
    queued = await stock.queued(redis)
    next_step()
    small = await measuring.drain(SMALL_BATCH)
    next_step()
    await measuring.heap(_count(rates.batches, FULL * work_s) + FULL_BATCH)
    return _Waiting(api_tps, small, await measuring.drain(FULL_BATCH), queued)


def _count(rate: float, seconds: float) -> int:
    return max(LEAST, int(rate * seconds))


def _findings(live: _Live, waiting: _Waiting, clients: Clients, ran: EndToEnd, engine: dict[str, int]) -> Findings:
    calibration = Calibration(
        form=FORM,
        taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=Machine.here(),
        engine=engine,
        singles=costs(live.singles),
        batches=costs(live.batches),
        decisions=costs(live.decisions),
        service=service(waiting.small_tps, waiting.full_tps),
        api_tps=waiting.api_tps,
        sizes=_sizes(live, waiting),
        error=0.0,
    )
    check = checked(calibration, clients, CHECK, Layout(1, 1), ran)
    error = max(check.cpu_error, check.tps_error)
    return Findings(msgspec.structs.replace(calibration, error=error), clients, check)


def checked(calibration: Calibration, clients: Clients, mix: Mix, layout: Layout, ran: EndToEnd) -> Check:
    """A run beside what is predicted of it, with the processors that it could have."""
    predicted = forecast(calibration, clients, mix, layout, ran.cores)
    return Check(layout, mix, predicted, costs(ran).total_us, ran.tps, ran.cores)


def costs(run: EndToEnd) -> Costs:
    """What a transaction cost in a run, without its client."""
    us = run.cpu_us
    return Costs(us["api"], us["worker"], us["postgresql"], us["valkey"], us["caddy"])


def service(small_tps: float, full_tps: float) -> Service:
    """The line through the times of a small batch and a full one; it meets the full one, which is what counts."""
    small_ms, full_ms = SMALL_BATCH / small_tps * 1e3, FULL_BATCH / full_tps * 1e3
    slope = (full_ms - small_ms) / (FULL_BATCH - SMALL_BATCH)
    batch_ms = min(max(0.0, small_ms - SMALL_BATCH * slope), full_ms / 2)
    consumers = next(setting.default for setting in table() if setting.field == "worker_consumers")
    assert isinstance(consumers, int), "a setting that has a number"
    return Service(batch_ms, (full_ms - batch_ms) / FULL_BATCH, FULL_BATCH, consumers, full_tps)


def _sizes(live: _Live, waiting: _Waiting) -> Sizes:
    runs, left = (live.singles, live.batches, live.decisions), live.left
    request = len(requests.transaction(next(rows())))
    return Sizes(
        disk=left.disk,
        wal=left.wal,
        queued=waiting.queued,
        history=live.kept.history,
        history_event=live.kept.history_event,
        cached_decision=live.kept.cached_decision,
        api_rss=max(run.rss_mb["api"] for run in runs) * 2**20,
        worker_rss=max(run.rss_mb["worker"] for run in runs) * 2**20,
        network=request + left.valkey_in + left.valkey_out,
    )
