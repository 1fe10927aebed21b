"""`riskengine verify`: says that all is the same, or what is not."""

import asyncio

import pytest
import typer
from click.testing import Result
from redis.asyncio import Redis
from typer.testing import CliRunner

from riskengine.cli import verify
from riskengine.domain.transaction import Transaction
from riskengine.storage.database import Database
from tests import factories
from tests.cli import decided


@pytest.fixture
async def sent(database: Database, redis: Redis) -> list[Transaction]:
    """Forty decided transactions of two accounts."""
    return await decided.decide(
        database, redis, [factories.transaction(f"account-{n % 2}", f"{n + 1}.50", device_id="d") for n in range(40)]
    )


@pytest.fixture
def app(database_url: str, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.setenv("DATABASE_URL", database_url)
    app = typer.Typer()
    app.command()(verify.command)
    return app


async def run(app: typer.Typer, *arguments: str) -> Result:
    """What the command says; it has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), catch_exceptions=False)


async def test_it_says_that_all_is_the_same(app: typer.Typer, sent: list[Transaction]) -> None:
    done = await run(app)

    assert done.exit_code == 0
    assert "40 of 40 decisions executed again are bit-identical" in done.output
    assert "accounts_device_24h_incl" in done.output
    assert "40 of 40" in done.output.split("accounts_device_24h_incl")[1]


async def test_it_names_what_is_not_and_fails(app: typer.Typer, sent: list[Transaction], database: Database) -> None:
    # Given a decision whose score was changed in its last bit
    victim = sent[7].transaction_id
    async with database.connection() as connection:
        await connection.execute("UPDATE decisions SET score = score + 1 WHERE transaction_id = $1", victim)
    # When all is executed again
    done = await run(app)
    # Then the command fails, and says which and what
    assert done.exit_code == 1
    assert "39 of 40 decisions executed again are bit-identical" in done.output
    assert f"{victim} of account account-1: score is stored as" in done.output


async def test_a_span_and_an_account_can_be_chosen(app: typer.Typer, sent: list[Transaction]) -> None:
    one = await run(app, "--account", "account-1", "--from", "2020-01-01")
    none = await run(app, "--to", "2020-01-01T12:00", "--no-shared")

    assert "20 of 20 decisions" in one.output
    assert "What accounts share" not in one.output
    assert "0 of 0 decisions" in none.output
    assert none.exit_code == 0
