"""What the doctor finds on real servers, and says of servers that are away."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from riskengine.doctor.examination import GROUPS, HERE, examine
from riskengine.doctor.finding import Finding, Level
from riskengine.doctor.patient import Patient
from riskengine.domain import clock
from riskengine.domain.release import RunningVersions
from riskengine.storage import processes, running
from riskengine.storage.database import Database
from riskengine.storage.processes import Identity

NOWHERE = {"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c", "REDIS_URL": "redis://127.0.0.1:1/0"}


@pytest.fixture
async def redis(redis: Redis) -> AsyncIterator[Redis]:
    """Valkey, which has its memory policy back afterwards."""
    before = await redis.config_get("maxmemory-policy")
    yield redis
    await redis.config_set("maxmemory-policy", before["maxmemory-policy"])


@pytest.fixture
def look(database_url: str, redis_url: str) -> Callable[..., Awaitable[dict[str, Finding]]]:
    """Looks at the test's servers, with other variables if given."""

    async def looked(**other: str) -> dict[str, Finding]:
        async with Patient.reached({"DATABASE_URL": database_url, "REDIS_URL": redis_url} | other) as one:
            return {finding.check: finding for finding in await examine(one)}

    return looked


async def live(database: Database, role: str, name: str, problem: str | None = None, back: int = 0) -> None:
    """A process that lives, perhaps some generations back."""
    now = await running.get(database)
    runs = RunningVersions(now.generation - back, now.ruleset, now.catalogue, now.rates, now.model, now.lists)
    await processes.renew(database, Identity(name, role, clock.now_ms()), processes.State(runs, problem, 0.0))


async def test_all_is_well(database: Database, look: Any) -> None:
    await live(database, "api", "api-1")
    await live(database, "worker", "worker-1")
    found = await look()
    assert [finding for finding in found.values() if finding.level is not Level.OK] == []
    assert len(found) == len(HERE) + sum(len(checks) for _, checks in GROUPS)
    assert all(finding.says and not finding.todo for finding in found.values())
    assert found["connections at most"].says == "1 api × (10 + 1) + 1 worker × (5 + 1) + 5 in reserve = 22 of 97"
    assert "1 riskengine-doctor" in found["connections now"].says
    assert found["processes"].says.startswith("1 api, 1 worker; all run rule set 1, catalogue 1,")


async def test_servers_that_are_away_are_all_there_is_to_say(look: Any) -> None:
    found = await look(**NOWHERE)
    assert {finding.check for finding in found.values() if finding.level is Level.FAIL} == {"PostgreSQL", "Valkey"}
    assert len(found) == len(HERE) + 2
    assert "DATABASE_URL" in found["PostgreSQL"].todo


@pytest.mark.parametrize(
    ("statement", "check", "level"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", "schema", Level.FAIL),
        ("UPDATE alembic_version SET version_num = '9999'", "schema", Level.WARN),
        ("DROP TABLE alembic_version", "schema", Level.FAIL),
        ("DO $$ BEGIN EXECUTE 'DROP TABLE transactions_' || to_char(now(), 'YYYY_MM'); END $$", "months", Level.FAIL),
        (
            "DO $$ BEGIN EXECUTE 'DROP TABLE transactions_' || to_char(now() + interval '2 months', 'YYYY_MM'); END $$",
            "months",
            Level.WARN,
        ),
    ],
)
async def test_what_is_wrong_with_the_database_is_found(
    database: Database, look: Any, statement: str, check: str, level: Level
) -> None:
    async with database.connection() as connection:
        await connection.execute(statement)
    found = await look()
    assert (found[check].level, bool(found[check].todo)) == (level, True)


async def test_processes_that_are_behind_and_missing_are_found(database: Database, look: Any) -> None:
    await live(database, "api", "api-1")
    assert (await look())["processes"].todo.startswith("start what is missing")
    await live(database, "worker", "worker-1", back=1)
    assert "not at what is published: worker-1" in (await look())["processes"].says
    await live(database, "worker", "worker-2", "RuleSetError: too new")
    assert (await look())["processes"].level is Level.FAIL


async def test_more_processes_than_connections_are_found(database: Database, look: Any) -> None:
    for number in range(9):
        await live(database, "api", f"api-{number}")
    found = await look()
    assert found["connections at most"].says == "9 api × (10 + 1) + 5 in reserve = 104 of 97"
    assert found["connections at most"].level is Level.WARN
    assert (await look(DATABASE_POOLER="transaction"))["connections at most"].level is Level.OK


async def test_what_is_wrong_with_valkey_is_found(redis: Redis, look: Any) -> None:
    await redis.config_set("maxmemory-policy", "allkeys-lru")
    assert (await look())["Valkey memory"].level is Level.FAIL
    await redis.config_set("maxmemory-policy", "noeviction")
    assert (await look())["Valkey memory"].level is Level.WARN


@pytest.mark.parametrize(("apart", "level"), [(-3_000, Level.WARN), (7_000, Level.FAIL)])
async def test_clocks_that_differ_are_found(look: Any, apart: int, level: Level) -> None:
    clock.step(apart)
    try:
        found = await look()
        assert (found["clocks"].level, found["Valkey clock"].level) == (level, level)
    finally:
        clock.step(-apart)


async def test_replicas_are_looked_at(database_url: str, look: Any) -> None:
    assert (await look(DATABASE_REPLICA_URLS=database_url))["read replicas"].level is Level.FAIL
    away = (await look(DATABASE_REPLICA_URLS=NOWHERE["DATABASE_URL"]))["read replicas"]
    assert (away.level, away.says) == (Level.WARN, "127.0.0.1:1 away")
