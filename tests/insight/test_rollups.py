"""Rollups are what a full scan says, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import resources
from random import Random
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from redis.asyncio import Redis

from riskengine.domain import clock
from riskengine.insight import rollup_check
from riskengine.insight import rollups as rollups_module
from riskengine.insight.rollups import Rollups
from riskengine.stack.postgres import Postgres
from riskengine.state.cache import Cache
from riskengine.storage import decisions, migrate, queries
from riskengine.storage.database import Database
from tests.insight import decided
from tests.insight.decided import counted, expected, some


@pytest.fixture
def rollups(database: Database, redis: Redis) -> Rollups:
    return Rollups(database, Cache(redis))


async def drain(rollups: Rollups) -> int:
    """Takes turns until there is nothing more, and says how many decisions were new."""
    total = 0
    while True:
        turn = await rollups.run_once()
        total += turn.counted
        if not turn.more:
            return total


class Killed(Exception):
    """The process that took the turn is no more."""


class Dying(Database):
    """A database whose connections fail for good at a statement of one's choice."""

    def __init__(self, inner: Database, at: int) -> None:
        self._inner = inner
        self._left = at

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        async with self._inner.connection() as connection:
            yield _DyingConnection(connection, self)

    def step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Killed


class _DyingConnection:
    def __init__(self, inner: Any, owner: Dying) -> None:
        self._inner = inner
        self._owner = owner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in ("fetch", "fetchval", "fetchrow", "execute"):
            return found

        async def step(*arguments: Any, **options: Any) -> Any:
            self._owner.step()
            return await found(*arguments, **options)

        return step


async def test_deciders_at_work_and_turns_that_die_leave_each_decision_counted_once(
    database: Database, redis: Redis, rollups: Rollups, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given pages that are small beside a transaction of PostgreSQL or two, and decisions in batches of several sizes
    monkeypatch.setattr(rollups_module, "MOST_AT_ONCE", 9)
    random = Random(5)
    batches = [some(random, random.choice((1, 3, 8, 30)), days=40) for _ in range(40)]
    for batch in batches:
        await decided.take_in(database, batch)

    # When several decide at once, while turns are taken that die at every statement there is
    async def decide(number: int) -> None:
        for batch in batches[number::4]:
            await decided.decide(database, batch)

    async def turns() -> None:
        for at in range(60):
            victim = Rollups(Dying(database, at % 7), Cache(redis))
            try:
                await victim.run_once()
            except Killed:
                await asyncio.sleep(0)

    await asyncio.gather(*(decide(number) for number in range(4)), turns(), turns())
    await drain(rollups)

    # Then the rollups are what all decisions add up to, and the check says so
    made = [one for batch in batches for one in batch]
    assert await counted(database) == expected(made)
    report = await rollup_check.compare(database)
    assert report.sound
    assert report.cells == len(expected(made))
    assert await drain(rollups) == 0


async def test_a_transaction_that_stays_open_is_counted_when_it_has_ended(database: Database, rollups: Rollups) -> None:
    # Given a decision in a transaction of PostgreSQL that is still open, and one decided after it
    random = Random(1)
    slow, quick, gone = (some(random, 2) for _ in range(3))
    for made in (slow, quick, gone):
        await decided.take_in(database, made)
    await drain(rollups)
    async with database.connection() as other:
        transaction = other.transaction()
        await transaction.start()
        await other.fetch(queries.text("decide"), *decisions._columns(slow))
        before = datetime.now(UTC)
        await decided.decide(database, quick)
        # When turns are taken, Then nothing is left out for ever, and nothing said to be complete that is not
        assert await drain(rollups) == 0
        assert await drain(rollups) == 0
        assert (as_of := (await rollups.stand()).as_of) is not None
        assert as_of <= before
        # When it commits, Then both are counted, once
        await transaction.commit()
    assert await drain(rollups) == 4
    assert await drain(rollups) == 0
    # And what is rolled back never is
    async with database.connection() as other:
        transaction = other.transaction()
        await transaction.start()
        await other.fetch(queries.text("decide"), *decisions._columns(gone))
        await transaction.rollback()
    assert await drain(rollups) == 0
    assert await counted(database) == expected([*slow, *quick])
    assert (await rollups.stand()).as_of is not None
    assert (as_of := (await rollups.stand()).as_of) is not None
    assert as_of > before


async def test_a_rebuild_is_exact_beside_live_deciding_and_keeps_archived_months(
    database: Database, rollups: Rollups, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given decisions of three months, of which one is then detached, and a fault in what is counted
    monkeypatch.setattr(rollups_module, "MOST_AT_ONCE", 20)
    random = Random(2)
    long_ago = clock.to_ms(datetime(2025, 3, 10, tzinfo=UTC))
    old = some(random, 50, days=5, until=long_ago)
    new = some(random, 90, days=2)
    for made in (old, new):
        await decided.decided(database, made)
    await drain(rollups)
    await detach(database)
    async with database.connection() as connection:
        await connection.execute("UPDATE rollup_scores SET count = count + 1 WHERE day > '2025-12-31'")
    report = await rollup_check.compare(database)
    assert not report.sound
    assert {one.cell.split()[0] for one in report.differences} == {"score"}

    # When all is counted anew, while others decide and take turns; and what a first attempt left is taken up
    interrupted = rollups.rebuild()
    await anext(interrupted)
    await interrupted.aclose()
    live: list[Any] = []
    async for _ in rollups.rebuild():
        batch = some(random, 7)
        await decided.decided(database, batch)
        live += batch
        await rollups.run_once()
    await drain(rollups)

    # Then all is right again, the month without partitions included
    assert len(live) >= 14
    assert await counted(database) == expected([*old, *new, *live])
    assert (await rollup_check.compare(database)).sound
    # And a month that goes into an archive while it is counted is noticed
    async with database.connection() as connection:
        for table in ("transactions", "decisions"):
            await connection.execute(
                f"ALTER TABLE {table} ATTACH PARTITION {table}_2025_03"
                " FOR VALUES FROM ('2025-03-01 00:00+00') TO ('2025-04-01 00:00+00')"
            )
    assert (await rollup_check.compare(database)).sound
    rebuilding = rollups.rebuild()
    await anext(rebuilding)
    await detach(database)
    async for _ in rebuilding:
        pass
    assert await counted(database) == expected([*old, *new, *live])


async def detach(database: Database) -> None:
    """Takes March 2025 away, as it is when it goes into an archive."""
    async with database.connection() as connection:
        for table in ("decisions", "transactions"):
            await connection.execute(f"ALTER TABLE {table} DETACH PARTITION {table}_2025_03")


async def test_a_database_from_another_server_is_noticed_and_can_be_counted_on(
    database: Database, rollups: Rollups
) -> None:
    # Given a database that was restored from a dump: ids of its old server, far ahead, of which some were not counted
    random = Random(3)
    counted_there, not_counted, decided_here = (some(random, 20) for _ in range(3))
    await decided.decided(database, counted_there)
    await drain(rollups)
    await decided.decided(database, not_counted)
    async with database.connection() as connection:
        await connection.execute("UPDATE decisions SET decided_xid = decided_xid + 1000000")
        await connection.execute("UPDATE rollups SET position = position + 1000000, server = 4711")
    await decided.decided(database, decided_here)

    # When turns are taken, Then nothing is counted wrongly, and it is said that something is to be done
    assert await drain(rollups) == 0
    report = await rollup_check.compare(database)
    assert (report.foreign, report.sound) == (True, False)
    assert await counted(database) == expected(counted_there)

    # When all is counted anew, Then it is right, and what is decided from then on is counted once
    async for _ in rollups.rebuild():
        pass
    assert await counted(database) == expected([*counted_there, *not_counted, *decided_here])
    later = some(random, 20)
    await decided.decided(database, later)
    assert await drain(rollups) == 20
    assert await counted(database) == expected([*counted_there, *not_counted, *decided_here, *later])
    assert (await rollup_check.compare(database)).sound


async def test_what_was_decided_before_there_were_rollups_is_filled_in(
    postgres: Postgres, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a database of the version before, with decisions
    admin = await Database.connect(postgres.url("postgres"), idle=1, most=1, name="test")
    async with admin.connection() as connection:
        await connection.execute("CREATE DATABASE of_before")
    await admin.close()
    url = postgres.url("of_before")
    config = Config()
    config.set_main_option("script_location", str(resources.files("riskengine.storage").joinpath("migrations")))
    config.attributes["database_url"] = url
    await asyncio.to_thread(command.upgrade, config, "0008")
    database = await Database.connect(url, idle=1, most=5, name="test")
    random = Random(4)
    before, after = some(random, 45), some(random, 30)
    await decided.decided(database, before)

    # When it is brought to this version, and more is decided
    monkeypatch.setattr(rollups_module, "MOST_AT_ONCE", 20)
    await migrate.upgrade(url)
    await decided.decided(database, after)
    rollups = Rollups(database, Cache(redis))
    turn = await rollups.run_once()

    # Then it is not said to be complete before it is, and then it is right
    assert turn.filled == 20
    assert (await rollups.stand()).as_of is None
    assert not (await rollup_check.compare(database)).sound
    await drain(rollups)
    await drain(rollups)
    assert await counted(database) == expected([*before, *after])
    assert (await rollups.stand()).as_of is not None
    assert (await rollup_check.compare(database)).sound
    await database.close()


async def test_of_several_one_takes_the_turn(database: Database, rollups: Rollups) -> None:
    made = some(Random(6), 30)
    await decided.decided(database, made)
    turns = await asyncio.gather(*(rollups.run_once() for _ in range(6)))
    assert sum(turn.counted for turn in turns) == 30
    assert await counted(database) == expected(made)


async def test_turns_read_what_is_new_by_an_index(database: Database) -> None:
    # Given enough decisions that reading them all would cost more
    random = Random(7)
    for _ in range(3):
        await decided.decided(database, some(random, 1000, days=1))
    async with database.connection() as connection:
        await connection.execute("ANALYZE transactions, decisions")
        newest = await connection.fetchval("SELECT max(decided_xid) FROM decisions")
        plan = await connection.fetch("EXPLAIN " + queries.text("rollups_due"), newest, newest + 1, 10_001)
    # Then what is new is found without that
    assert not [row[0] for row in plan if "Seq Scan on decisions_2" in row[0]], plan
