"""`riskengine rollups`: says whether analytics are right, and makes them so."""

import asyncio
from random import Random

import pytest
from click.testing import Result
from redis.asyncio import Redis
from typer.testing import CliRunner

from riskengine.cli import rollups as cli
from riskengine.insight.rollups import Rollups
from riskengine.state.cache import Cache
from riskengine.storage.database import Database
from tests.insight import decided
from tests.insight.decided import some


@pytest.fixture(autouse=True)
def _environment(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)


async def run(*arguments: str) -> Result:
    """What the command says; it has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, cli.app, list(arguments), catch_exceptions=False)


async def test_a_difference_is_told_and_mended(database: Database, redis: Redis) -> None:
    # Given what is counted
    await decided.decided(database, some(Random(9), 40))
    await Rollups(database, Cache(redis)).run_once()
    sound = await run("check")
    assert sound.exit_code == 0
    assert "all are the same" in sound.output

    # When something is counted wrongly, Then the check says what, and fails
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE rollup_rules SET count = count + 1000 WHERE rule = 'RULE_A' AND outcome = 'review'"
        )
    wrong = await run("check")
    assert wrong.exit_code == 1
    assert "RULE_A fired review: counted 100" in wrong.output
    assert "run `riskengine rollups rebuild`" in wrong.output

    # When all is counted anew, Then it is right
    rebuilt = await run("rebuild")
    assert (rebuilt.exit_code, "the rollups are rebuilt" in rebuilt.output) == (0, True)
    assert (await run("check")).exit_code == 0

    # And a database from another server is told of, too
    async with database.connection() as connection:
        await connection.execute("UPDATE rollups SET server = 1")
    foreign = await run("check")
    assert (foreign.exit_code, "another server" in foreign.output) == (1, True)
