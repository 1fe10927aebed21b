"""What runs in one database runs in another once it is copied, under the same numbers."""

import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest

from riskengine.domain.errors import ConfigurationError
from riskengine.domain.release import Kind
from riskengine.pipeline import starters
from riskengine.pipeline.running import Running
from riskengine.stack.postgres import Postgres
from riskengine.storage import engine_copy, migrate, running
from riskengine.storage.database import Database
from tests.pipeline import published


@pytest.fixture
async def empty(postgres: Postgres) -> AsyncIterator[Database]:
    """A database with nothing in it, not even a schema."""
    name = f"copy_{uuid.uuid4().hex}"
    administrator = await asyncpg.connect(postgres.url("postgres"))
    await administrator.execute(f"CREATE DATABASE {name}")
    found = await Database.connect(postgres.url(name), idle=1, most=3, name="test")
    yield found
    await found.close()
    await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await administrator.close()


async def test_what_runs_is_copied_under_its_numbers(database: Database, empty: Database, postgres: Postgres) -> None:
    # Given a database in which a second rule set and a model run, and lists of its own
    await published.publish(database, Kind.RULESET, published.marked(7))
    await published.publish(database, Kind.MODEL, b"count_1h")
    runs = await running.get(database)
    # When it is copied into another that has a schema alone
    copy = await engine_copy.take(database)
    url = postgres.url(await _name(empty))
    await migrate.upgrade(url)
    await engine_copy.put(copy, empty)
    # Then the same runs there, and no starter takes its place
    await starters.prepare(url)
    assert await running.get(empty) == runs
    assert (runs.ruleset, runs.model) == (2, 1)
    there = await Running.start(empty, published.builder(empty))
    assert "RULE_MARK_7" in {rule.id for rule in there.engine.ruleset.rules}
    assert await _lists(empty) == await _lists(database)
    # And nothing was changed where it is from
    assert await running.get(database) == runs


async def test_a_database_of_another_version_is_refused(empty: Database) -> None:
    with pytest.raises(ConfigurationError):
        await engine_copy.take(empty)


async def _name(database: Database) -> str:
    async with database.connection() as connection:
        return str(await connection.fetchval("SELECT current_database()"))


async def _lists(database: Database) -> list[object]:
    async with database.connection() as connection:
        return [tuple(row) for row in await connection.fetch("SELECT * FROM lists ORDER BY name, added_in")]
