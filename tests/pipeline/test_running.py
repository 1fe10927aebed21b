"""A process runs what is published, whole or not at all, and says so."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from riskengine.domain.decision import Versions
from riskengine.domain.errors import ConfigurationError, NotFound, Unavailable
from riskengine.domain.listing import ListDefinition
from riskengine.domain.release import Kind, ProcessReport
from riskengine.pipeline.curating import Curating
from riskengine.pipeline.curation_checks import NewEntry
from riskengine.pipeline.follower import Follower
from riskengine.pipeline.pace import Pace
from riskengine.pipeline.running import MOST_ENGINES, Running
from riskengine.scoring.engine import Engine
from riskengine.scoring.memory import Memory
from riskengine.storage import processes
from riskengine.storage.database import Database
from riskengine.storage.processes import Identity
from tests import factories
from tests.pipeline.published import builder, catalogue_with, marked, publish, publishing, rates

WHO = Identity("worker-test-1", "worker", 1_000)


def _marks(engine: Engine) -> list[str]:
    """The rules that fire and belong to one version of the rules alone."""
    (verdict,) = engine.score([factories.transaction()], Memory())
    return [rule for rule in verdict.rules if rule.startswith("RULE_MARK_")]


async def _break(database: Database, version: int) -> None:
    """Publishes a rule set that no process can read, as if it were of a newer riskengine."""
    async with database.connection() as connection:
        query = "INSERT INTO releases (kind, version, content, created_by) VALUES ('ruleset', $1, $2, 'newer')"
        await connection.execute(query, version, b"format: 2")
        await connection.execute("UPDATE running SET ruleset = $1, generation = generation + 1", version)


@asynccontextmanager
async def _following(engines: Running, database: Database, url: str) -> AsyncIterator[Follower]:
    follower = Follower(database, engines, url, WHO, Pace(lambda: 0))
    task = asyncio.create_task(follower.run())
    yield follower
    follower.stop()
    await task


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.02)


async def _reported(database: Database, generation: int) -> ProcessReport:
    async with asyncio.timeout(20):
        while True:
            for report in await processes.living(database):
                if report.running.generation == generation:
                    return report
            await asyncio.sleep(0.02)


async def test_it_starts_with_what_is_published(database: Database) -> None:
    await publish(database, Kind.RULESET, marked(2))
    await publish(database, Kind.MODEL, b"amount_base")
    engines = await Running.start(database, builder(database))
    assert engines.engine.versions == Versions(2, 1, 1, 0, 1)
    assert _marks(engines.engine) == ["RULE_MARK_2"]
    assert engines.runs == await publishing(database).running()


async def test_it_changes_to_what_is_published_and_reads_only_that(database: Database) -> None:
    # Given a process
    engines = await Running.start(database, builder(database))
    before = engines.engine
    assert await engines.refresh() is False
    # When a rule set is published
    await publish(database, Kind.RULESET, marked(2))
    assert engines.engine is before
    assert await engines.refresh() is True
    # Then it runs that, and all else is what it had
    assert _marks(engines.engine) == ["RULE_MARK_2"]
    assert engines.engine.catalogue is before.catalogue
    assert engines.engine.rates is before.rates
    # And so with each kind
    await publish(database, Kind.CATALOGUE, catalogue_with("another"))
    await publish(database, Kind.RATES, rates())
    await publish(database, Kind.MODEL, b"another")
    await engines.refresh()
    assert engines.engine.versions == Versions(2, 2, 2, 0, 1)
    await publishing(database).rollback(Kind.MODEL, None, "ann")
    await engines.refresh()
    assert engines.engine.versions == Versions(2, 2, 2, 0, None)


async def test_a_model_is_opened_anew_for_another_catalogue(database: Database) -> None:
    await publish(database, Kind.MODEL, b"amount_base")
    engines = await Running.start(database, builder(database))
    model = engines.engine.model
    await publish(database, Kind.CATALOGUE, catalogue_with("another"))
    await engines.refresh()
    assert engines.engine.model is not model
    same = engines.engine.model
    await publish(database, Kind.RULESET, marked(2))
    await engines.refresh()
    assert engines.engine.model is same


async def test_it_changes_to_new_lists_without_reading_the_rest(database: Database) -> None:
    # Given a process
    engines = await Running.start(database, builder(database))
    before = engines.engine
    # When a list is made and filled
    curating = Curating(database)
    await curating.create(ListDefinition("stolen", "text", "block", "device_id"), "ann")
    await curating.add("stolen", [NewEntry("d1")], "ann")
    await engines.refresh()
    # Then it acts by it, and all else is what it had
    assert engines.engine.versions == Versions(1, 1, 1, 2)
    assert engines.engine.ruleset is before.ruleset
    (verdict,) = engines.engine.score([factories.transaction(device_id="d1")], Memory())
    assert "LIST_STOLEN" in verdict.rules
    # And the lists of before can be had again
    assert await engines.of(before.versions) is before


async def test_what_it_cannot_use_leaves_the_one_before(database: Database) -> None:
    # Given a process, and a rule set of a newer version
    engines = await Running.start(database, builder(database))
    before = engines.engine
    await _break(database, 7)
    # When it looks, then it goes on with what it has, and knows why
    assert await engines.refresh() is True
    assert (engines.engine, engines.runs.generation) == (before, 3)
    assert engines.problem is not None
    assert engines.problem.startswith("RuleSetError")
    # And it does not try the same again
    assert await engines.refresh() is False
    # And when what it can use is published, all is well
    async with database.connection() as connection:
        await connection.execute("UPDATE running SET ruleset = 1, generation = generation + 1")
    assert await engines.refresh() is True
    assert (engines.problem, engines.runs.generation) == (None, 5)


async def test_a_process_does_not_start_on_what_it_cannot_use(database: Database) -> None:
    await _break(database, 7)
    with pytest.raises(ConfigurationError):
        await Running.start(database, builder(database))


async def test_old_engines_are_at_hand(database: Database) -> None:
    # Given a process that ran 1 and runs 2 now
    engines = await Running.start(database, builder(database))
    first = engines.engine
    await publish(database, Kind.RULESET, marked(2))
    await engines.refresh()
    # Then the one of now is that of its versions, and the one before is still there
    assert await engines.of(engines.engine.versions) is engines.engine
    assert await engines.of(first.versions) is first
    # And what never ran here is made, once
    await publish(database, Kind.RULESET, marked(3))
    third = await engines.of(Versions(3, 1, 1))
    assert _marks(third) == ["RULE_MARK_3"]
    assert await engines.of(Versions(3, 1, 1)) is third
    # And what does not exist is not found, now or later
    for _ in range(2):
        with pytest.raises(NotFound):
            await engines.of(Versions(9, 1, 1))


async def test_old_engines_are_bounded(database: Database) -> None:
    # Given more versions than are kept
    engines = await Running.start(database, builder(database))
    for number in range(2, MOST_ENGINES + 3):
        await publish(database, Kind.RULESET, marked(number))
    wanted = [Versions(number, 1, 1) for number in range(2, MOST_ENGINES + 3)]
    *earlier, last = wanted
    made = {versions: await engines.of(versions) for versions in earlier}
    # When the oldest is asked for again, and then one too many
    assert await engines.of(wanted[0]) is made[wanted[0]]
    made[last] = await engines.of(last)
    # Then only the one that was asked for longest ago has to be made again
    again = {versions: await engines.of(versions) for versions in (wanted[0], *wanted[2:], wanted[1])}
    assert [versions for versions in wanted if again[versions] is not made[versions]] == [wanted[1]]


async def test_old_rates_are_at_hand(database: Database) -> None:
    engines = await Running.start(database, builder(database))
    await publish(database, Kind.RATES, rates())
    assert (await engines.rates(1)) is engines.engine.rates
    assert (await engines.rates(2)).version == 2
    assert await engines.rates(2) is await engines.rates(2)
    with pytest.raises(NotFound):
        await engines.rates(3)


async def test_numbers_are_not_believed_across_a_restore(database: Database) -> None:
    # Given a process that runs 2, and a backup from before it
    await publish(database, Kind.RULESET, marked(2))
    engines = await Running.start(database, builder(database))
    async with database.connection() as connection:
        await connection.execute("DELETE FROM releases WHERE kind = 'ruleset' AND version = 2")
        await connection.execute("DELETE FROM publications WHERE generation > 2")
        await connection.execute("UPDATE running SET ruleset = 1, generation = 2")
    # When another is published under the same number
    await publish(database, Kind.RULESET, marked(99))
    await engines.refresh()
    # Then it runs that one
    assert engines.runs.generation == 3
    assert _marks(engines.engine) == ["RULE_MARK_99"]


async def test_a_follower_takes_it_up_and_says_so(database: Database, database_url: str) -> None:
    # Given a process that follows
    engines = await Running.start(database, builder(database))
    async with _following(engines, database, database_url):
        assert (await _reported(database, 3)).running == engines.runs
        # When something is published
        done = await publish(database, Kind.RULESET, marked(2))
        # Then it runs that, and says so
        report = await _reported(database, done.generation)
        assert (report.process_id, report.role, report.running.ruleset) == ("worker-test-1", "worker", 2)
        assert _marks(engines.engine) == ["RULE_MARK_2"]
        # And when it is something it cannot run, it says that
        await _break(database, 7)
        async with asyncio.timeout(20):
            while (await processes.living(database))[0].problem is None:
                await asyncio.sleep(0.02)
    # And at its end it is gone
    assert await processes.living(database) == []


async def test_a_follower_is_pushed(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a process that follows, and would look by itself only in an hour
    monkeypatch.setattr("riskengine.pipeline.follower.POLL_EVERY", 3600.0)
    engines = await Running.start(database, builder(database))
    async with _following(engines, database, database_url):
        await _reported(database, 3)
        await _listens(database)
        # When something is published, then it runs it all the same
        await publish(database, Kind.RULESET, marked(2))
        await _until(lambda: engines.engine.versions.ruleset == 2)
        # And so after its connection was lost
        async with database.connection() as connection:
            await connection.execute(f"SELECT pg_terminate_backend(pid) FROM ({_LISTENING}) l")
        await publish(database, Kind.RULESET, marked(3))
        await _until(lambda: engines.engine.versions.ruleset == 3)


async def test_a_follower_looks_by_itself(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a process that never hears of anything
    async def deaf(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("riskengine.pipeline.follower.listen", deaf)
    engines = await Running.start(database, builder(database))
    async with _following(engines, database, database_url):
        # When something is published, then it finds it
        await publish(database, Kind.RULESET, marked(2))
        await _until(lambda: engines.engine.versions.ruleset == 2)


async def test_a_follower_outlives_failures(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given PostgreSQL away for a while, and then a fault
    engines = await Running.start(database, builder(database))
    refresh, failures = engines.refresh, [Unavailable("postgresql"), ZeroDivisionError("unforeseen")]

    async def failing() -> bool:
        if failures:
            raise failures.pop(0)
        return await refresh()

    monkeypatch.setattr(engines, "refresh", failing)
    async with _following(engines, database, database_url):
        # When something is published, then it comes to run in the end
        await publish(database, Kind.RULESET, marked(2))
        await _until(lambda: engines.engine.versions.ruleset == 2)
    assert failures == []


_LISTENING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%-listen'"


async def _listens(database: Database) -> None:
    async with asyncio.timeout(20), database.connection() as connection:
        while not await connection.fetchval(
            f"SELECT count(*) FROM ({_LISTENING} AND query LIKE '%LISTEN%' AND state = 'idle') l"
        ):
            await asyncio.sleep(0.02)


async def test_engines_are_compiled_aside(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given an engine whose compilation waits for the event loop to go on
    engines = await Running.start(database, builder(database))
    await publish(database, Kind.RULESET, marked(2))
    loop, gone_on = asyncio.get_running_loop(), asyncio.Event()
    build = Engine.__init__

    def waiting(self: Engine, *parts: object) -> None:
        asyncio.run_coroutine_threadsafe(gone_on.wait(), loop).result(timeout=20)
        build(self, *parts)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "__init__", waiting)
    # When it is refreshed, then the loop goes on, and decides with the one before meanwhile
    refreshing = asyncio.create_task(engines.refresh())
    await asyncio.sleep(0)
    assert engines.engine.versions.ruleset == 1
    gone_on.set()
    assert await refreshing is True
    assert engines.engine.versions.ruleset == 2
