"""`python -m benchmarks.caches`: how often the cache has what is asked for, under the standard load.

The standard load, for five minutes from an empty cache: 10 payments a second, of 20 000 accounts by Zipf's law. Whoever
sent one asks for its decision 1 to 4 times, and one in five once more before it is decided. Every two seconds somebody
asks for a decision of long ago. Ten analysts look at the account of a payment for 40 seconds,
every 5. Four dashboards show the same four views of this week, and four of last month, and load them every 10 seconds.

Time is made to pass without waiting for it. What lives longer than the five minutes would be asked for longer, with no
more misses: so the rates are the least that such a load has.
"""

import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from random import Random
from uuid import UUID

import msgspec
import uvloop
from prometheus_client import REGISTRY
from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from riskengine import logs, wiring
from riskengine.domain import clock, ids
from riskengine.domain.transaction import Submission, Transaction
from riskengine.insight.lookups import Lookups
from riskengine.insight.profiles import Profiles
from riskengine.insight.rollups import Rollups
from riskengine.insight.summaries import Summaries
from riskengine.pipeline import starters
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.engines import Fixed
from riskengine.pipeline.recall import Recall
from riskengine.resilience import redis as connections
from riskengine.scoring.engine import Engine
from riskengine.stack.postgres import Postgres
from riskengine.stack.valkey import Valkey
from riskengine.state import cache as caching
from riskengine.state.cache import Cache
from riskengine.state.cache_kinds import RECENT
from riskengine.storage import submissions
from riskengine.storage.database import Database

TARGETS = {"decision": 0.80, "profile": 0.70, "summary_recent": 0.90, "summary_historical": 0.95}
"""The hit rates that are to be reached, by kind."""

SECONDS = 300
"""Seconds of load: as long as a profile and a recent summary live."""

_ACCOUNTS, _PAYMENTS, _ANALYSTS, _DASHBOARDS = 20_000, 10, 10, 4
_CASE_S, _GLANCE_S, _REFRESH_S, _ROLLUPS_S = 40, 5, 10, 2
_MOVE_S = caching.MOVE_EVERY_MS // clock.SECOND


class HitRate(msgspec.Struct, frozen=True):
    """Of so many requests of a kind, the share that nothing was loaded for, and what it is to be."""

    kind: str
    requests: int
    rate: float
    target: float


class _Load:
    """The standard load, a second at a time."""

    def __init__(self, database: Database, redis: Redis) -> None:
        cache, engines, histories = Cache(redis), Fixed(Engine.starter()), wiring.histories_in(redis, 1)
        self._database = database
        self._redis = redis
        self._decider = Decider(database, Recall(database, histories, engines), engines)
        self._rollups = Rollups(database, cache)
        self._lookups = Lookups(database, cache)
        self._profiles = Profiles(database, cache, histories)
        self._summaries = Summaries(database, cache)
        self._random = Random(11)
        self._weights = list(accumulate(1 / place for place in range(1, _ACCOUNTS + 1)))
        self._asked: dict[int, list[UUID]] = {}
        self._known: list[str] = []
        self._cases = [""] * _ANALYSTS

    async def second(self, now: int) -> None:
        """Everything that happens in one second."""
        sent = [self._payment() for _ in range(_PAYMENTS)]
        await self._take_in(sent)
        for one in sent:
            if self._random.random() < 0.2:
                await self._lookups.decided(one.transaction_id)
            for _ in range(self._random.randint(1, 4)):
                self._asked.setdefault(now + self._random.randint(1, 20), []).append(one.transaction_id)
        await self._decider.decide(sent)
        self._known += [one.account_id for one in sent]
        for transaction_id in self._asked.pop(now, ()):
            await self._lookups.decided(transaction_id)
        if now % 2 == 0:
            await self._lookups.decided(ids.new(clock.now_ms() - 30 * clock.DAY))
        for analyst in range(_ANALYSTS):
            await self._look(analyst, now + 4 * analyst)
        if now % _MOVE_S == 0:
            await self._redis.delete(f"cache:moving:{RECENT}")
        if now % _ROLLUPS_S == 0:
            await self._rollups.run_once()
        for dashboard in range(_DASHBOARDS):
            if (now + 2 * dashboard) % _REFRESH_S == 0:
                await self._refresh()

    async def _take_in(self, sent: Sequence[Transaction]) -> None:
        async with self._database.connection() as connection:
            made = [Submission(one, str(one.transaction_id), bytes(16)) for one in sent]
            await submissions.store(connection, made)

    async def _look(self, analyst: int, now: int) -> None:
        if now % _CASE_S == 0 or not self._cases[analyst]:
            self._cases[analyst] = self._random.choice(self._known)
        if now % _GLANCE_S == 0:
            await self._profiles.get(self._cases[analyst])

    async def _refresh(self) -> None:
        today = clock.to_datetime(clock.now_ms()).date()
        last_month = today.replace(day=1) - timedelta(days=1)
        for first, last in ((today - timedelta(days=6), today), (last_month.replace(day=1), _before(last_month))):
            await self._summaries.summary(last)
            await self._summaries.distribution(first, last)
            await self._summaries.volume(first, last, "day")
            await self._summaries.top_rules(first, last, 10)

    def _account(self) -> str:
        place = self._random.choices(range(_ACCOUNTS), cum_weights=self._weights)[0]
        return f"account-{place}"

    def _payment(self) -> Transaction:
        now = clock.now_ms()
        amount = Decimal(self._random.randrange(100, 100_000)).scaleb(-2)
        return Transaction(ids.new(now), self._account(), amount, "EUR", now, merchant=f"m{self._random.randrange(50)}")


def _before(day: date) -> date:
    return day - timedelta(days=2)  # never yesterday, which is recent


async def measure(database: Database, redis: Redis, seconds: int = SECONDS) -> list[HitRate]:
    """Lets the standard load pass over an empty Valkey and a database with the schema, and says what came of it."""
    load = _Load(database, redis)
    before = {kind: _requests(kind) for kind in TARGETS}
    try:
        for now in range(seconds):
            await load.second(now)
            clock.step(clock.SECOND)
    finally:
        clock.step(-seconds * clock.SECOND)
    return [_rate(kind, before[kind]) for kind in TARGETS]


def _rate(kind: str, before: dict[str, float]) -> HitRate:
    found = {result: count - before[result] for result, count in _requests(kind).items()}
    total = sum(found.values())
    return HitRate(kind, int(total), round((found["hit"] + found["joined"]) / total, 4), TARGETS[kind])


def _requests(kind: str) -> dict[str, float]:
    name, results = "riskengine_cache_requests_total", ("hit", "joined", "miss", "error")
    return {one: REGISTRY.get_sample_value(name, {"kind": kind, "result": one}) or 0.0 for one in results}


def run(seconds: int = SECONDS) -> list[HitRate]:
    """The hit rates of so many seconds of load, on servers of their own."""
    with tempfile.TemporaryDirectory(prefix="riskengine-caches-") as directory:
        postgres, valkey = Postgres(Path(directory, "postgres")), Valkey(Path(directory, "valkey"))
        postgres.start()
        try:
            valkey.start()
            return uvloop.run(_run(postgres, valkey, seconds))
        finally:
            valkey.stop()
            postgres.stop()


async def _run(postgres: Postgres, valkey: Valkey, seconds: int) -> list[HitRate]:
    await starters.prepare(postgres.url("postgres"))
    database = await Database.connect(postgres.url("postgres"), idle=1, most=5, name="benchmark")
    redis = connections.connect(valkey.url, "benchmark")
    try:
        return await measure(database, redis, seconds)
    finally:
        await redis.aclose()
        await database.close()


def main() -> None:
    """Prints the hit rates beside what they are to be."""
    logs.configure("warning", "console")
    found = run()
    table = Table("kind", "requests", "hit rate", "target", title="The cache under the standard load")
    for one in found:
        style = "" if one.rate >= one.target else "red"
        table.add_row(one.kind, f"{one.requests:,}", f"{one.rate:.1%}", f"{one.target:.0%}", style=style)
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()
