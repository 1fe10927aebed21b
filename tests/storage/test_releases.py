"""What is published stays as it is; what runs is changed by one at a time, and known from the beginning."""

import asyncio

import asyncpg
import pytest

from riskengine.domain.errors import ConfigurationError, NotFound
from riskengine.domain.release import Kind, RunningVersions
from riskengine.pipeline import starters
from riskengine.storage import lists, processes, releases, running
from riskengine.storage.database import Database
from riskengine.storage.processes import Identity, State
from riskengine.storage.running import Change
from tests.pipeline.published import shipped

FILES = {Kind.RULESET: "starter_rules", Kind.CATALOGUE: "catalogue", Kind.RATES: "rates"}
AT_FIRST = RunningVersions(3, 1, 1, 1, None, 0)


async def test_a_new_database_runs_what_is_shipped(database: Database) -> None:
    # Given a database that was prepared, when one looks, then version 1 of everything runs, and nobody else's
    assert await running.get(database) == AT_FIRST
    for kind, name in FILES.items():
        (release,) = await releases.every(database, kind)
        assert (release.version, release.created_by) == (1, "riskengine")
        assert await releases.content(database, kind, 1) == shipped(name)
    assert await releases.every(database, Kind.MODEL) == []
    assert [each.definition.name for each in await lists.every(database)] == ["high_risk_countries"]
    # And it is told who published it
    told = await running.history(database, None, 10)
    assert [(one.generation, one.kind, one.version) for one in told] == [
        (3, "ruleset", 1),
        (2, "rates", 1),
        (1, "catalogue", 1),
    ]


async def test_preparing_again_and_at_once_changes_nothing(database: Database, database_url: str) -> None:
    # Given a database in which nothing runs
    async with database.connection() as connection:
        await connection.execute("DELETE FROM running; DELETE FROM releases; DELETE FROM publications")
    with pytest.raises(ConfigurationError, match="riskengine migrate"):
        await running.get(database)
    # When three publish what is shipped at once, and one prepares it again
    await asyncio.gather(*(starters.publish(database) for _ in range(3)))
    async with database.connection() as connection, connection.transaction():
        await running.change(connection, Change(Kind.RATES, 1, "publish", "ann", ""))
    await starters.prepare(database_url)
    # Then it was published once, and what came later stays
    assert (await running.get(database)).generation == 4
    assert len(await running.history(database, None, 10)) == 4


async def test_a_change_is_written_down_and_told_with_its_generation(database: Database, database_url: str) -> None:
    # Given one who listens
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database_url)
    await listener.add_listener("riskengine_running", lambda *a: heard.put_nowait(a[3]))
    # When what runs is changed, of each kind
    for kind, version in (
        ("ruleset", 7),
        ("catalogue", 8),
        ("rates", 9),
        ("model", 10),
        ("lists", 11),
        ("model", None),
    ):
        async with database.connection() as connection, connection.transaction():
            await running.change(connection, Change(kind, version, "change", "ann", f"to {version}"))
    # Then each raised the generation by one, changed that kind alone, and was told
    assert await running.get(database) == RunningVersions(9, 7, 8, 9, None, 11)
    told = await running.history(database, None, 6)
    assert [(one.generation, one.kind, one.previous, one.version) for one in reversed(told)] == [
        (4, "ruleset", 1, 7),
        (5, "catalogue", 1, 8),
        (6, "rates", 1, 9),
        (7, "model", None, 10),
        (8, "lists", 0, 11),
        (9, "model", 10, None),
    ]
    assert {(one.published_by, one.action) for one in told} == {("ann", "change")}
    assert told[1].note == "to 11"
    assert [await heard.get() for _ in range(6)] == ["4", "5", "6", "7", "8", "9"]
    assert [one.generation for one in await running.history(database, Kind.MODEL, 1)] == [9]
    await listener.close()


async def test_a_change_that_is_not_committed_is_none(database: Database) -> None:
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await running.change(connection, Change(Kind.RULESET, 2, "publish", "ann", ""))
        await transaction.rollback()
    assert await running.get(database) == AT_FIRST
    assert len(await running.history(database, None, 10)) == 3


async def test_what_does_not_exist_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound, match="there is no model 1"):
        await releases.get(database, Kind.MODEL, 1)
    with pytest.raises(NotFound, match="there is no ruleset 2"):
        await releases.content(database, Kind.RULESET, 2)


async def test_processes_are_known_while_they_live(database: Database) -> None:
    # Given two processes, one of which was not heard of for a while
    one, other = Identity("api-host-1", "api", 1_000), Identity("worker-host-2", "worker", 2_000)
    await processes.renew(database, one, State(AT_FIRST))
    await processes.renew(database, other, State(AT_FIRST, "ConfigurationError: too new"))
    told = {report.process_id: report for report in await processes.living(database)}
    assert told.keys() == {"api-host-1", "worker-host-2"}
    assert told["api-host-1"].running == AT_FIRST
    assert told["worker-host-2"].problem == "ConfigurationError: too new"
    assert (told["api-host-1"].started_at, told["worker-host-2"].role) == (1_000, "worker")
    async with database.connection() as connection:
        await connection.execute("UPDATE processes SET seen_at = now() - interval '11 s' WHERE role = 'worker'")
    # Then it is not reported
    assert [report.process_id for report in await processes.living(database)] == ["api-host-1"]
    # And when the other one is heard of again, it is forgotten
    await processes.renew(database, one, State(RunningVersions(4, 2, 1, 1, None, 0)))
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM processes") == 1
    assert [report.running.generation for report in await processes.living(database)] == [4]
    # And at its end that one is, too
    await processes.remove(database, one)
    assert await processes.living(database) == []
