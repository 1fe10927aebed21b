"""`riskengine partitions`: a month's way out and back, as an operator goes it."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import Result
from redis.asyncio import Redis
from typer.testing import CliRunner

from riskengine.archive import reach
from riskengine.cli import histories, partitions
from riskengine.cli import verify as verifying
from riskengine.domain import clock
from riskengine.domain.errors import ConfigurationError, InvalidInput
from riskengine.domain.month import Month
from riskengine.storage.database import Database
from tests import factories
from tests.archive.months import NOW, OLD, ROWS, fill
from tests.cli import decided

THIS = Month.of(NOW)


@pytest.fixture(autouse=True)
def _settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("ARCHIVE_DIRECTORY", str(tmp_path / "archives"))
    monkeypatch.setenv("RETENTION_MONTHS", "8")


async def run(*arguments: str) -> Result:
    """What the command says; it has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, partitions.app, list(arguments), catch_exceptions=False)


async def listed(*arguments: str) -> dict[str, dict[str, object]]:
    """The months it lists, by their names."""
    return {one["month"]: one for one in json.loads((await run("list", "--json", *arguments)).output)}


async def test_a_month_goes_its_way(database: Database, tmp_path: Path) -> None:
    # Given a month past its time, and one that is not
    await fill(database, OLD, OLD.plus(1))
    assert {one["state"] for one in (await listed()).values()} == {"live"}
    assert (await listed("--exact"))[str(OLD)]["transactions"] == ROWS
    # When what is due is archived, dry at first
    dry = await run("archive", "--due", "--dry-run")
    assert dry.output.startswith(f"{OLD} would be archived to {tmp_path / 'archives'}")
    assert {one["state"] for one in (await listed()).values()} == {"live"}
    done = await run("archive", "--due")
    # Then it is, and it alone
    assert f"{OLD} is archived in {tmp_path / 'archives'}: {ROWS} transactions, {ROWS} decisions" in done.output
    month = (await listed())[str(OLD)]
    assert (month["state"], month["archived_to"], month["decisions"]) == ("detached", str(tmp_path / "archives"), ROWS)
    assert "no month is past the time it is kept" in (await run("archive", "--due")).output
    # And dropped, asked for beside live ones, and brought back
    assert f"dropped the tables of {OLD}: " in (await run("drop", str(OLD))).output
    asked = await run(
        "query", "SELECT count(*) AS n FROM transactions", "--from", str(OLD), "--to", str(OLD.plus(1)), "--json"
    )
    assert json.loads(asked.output) == [{"n": 2 * ROWS}]
    assert "archived" in (await run("list")).output
    restored = await run("restore", str(OLD))
    assert f"{OLD} is back: {ROWS} transactions, {ROWS} decisions, each as it was" in restored.output
    assert (await listed())[str(OLD)]["state"] == "live"


async def test_months_are_made(database: Database) -> None:
    assert "made the partitions of 2031-05" in (await run("create", "2031-05")).output
    assert "2031-05 has its partitions already" in (await run("create", "2031-05")).output
    assert (await listed())["2031-05"]["state"] == "live"


async def test_what_is_missing_ahead_is_listed(database: Database) -> None:
    next_month = THIS.plus(1)
    async with database.connection() as connection:
        await connection.execute(f"DROP TABLE transactions_{next_month.suffix}, decisions_{next_month.suffix}")

    assert (await listed())[str(next_month)]["state"] == "missing"


async def test_to_lose_rows_takes_saying_so_twice(database: Database) -> None:
    # Given a month that somebody detached by hand
    await fill(database, OLD, rows=3)
    async with database.connection() as connection:
        for parent in ("transactions", "decisions"):
            await connection.execute(f"ALTER TABLE {parent} DETACH PARTITION {parent}_{OLD.suffix}")
    # Then its rows are dropped only if both options say so
    assert (await run("drop", str(OLD), "--without-archive")).exit_code == 2
    with pytest.raises(Exception, match="its rows are nowhere else"):
        await run("drop", str(OLD))
    assert (await run("drop", str(OLD), "--without-archive", "--yes")).exit_code == 0
    assert str(OLD) not in await listed()


async def test_what_is_unclear_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await run("archive")).exit_code == 2
    assert (await run("archive", str(OLD), "--due")).exit_code == 2
    with pytest.raises(InvalidInput, match="is no month"):
        await run("archive", "last")
    monkeypatch.delenv("ARCHIVE_DIRECTORY")
    with pytest.raises(ConfigurationError, match="say where the archive is to lie"):
        await run("archive", str(OLD))


async def test_verify_says_what_it_cannot_execute(database: Database, redis: Redis, tmp_path: Path) -> None:
    # Given decisions of an archived month, of one before it, and of this one; an account has some of all
    await fill(database, OLD.plus(-1), OLD, rows=9)
    await run("archive", str(OLD))
    await decided.decide(database, redis, [factories.transaction(f"account-{n}") for n in range(2, 5)])
    # When all is verified
    app = verifying.typer.Typer()
    app.command()(verifying.command)
    done = await asyncio.to_thread(CliRunner().invoke, app, [], catch_exceptions=False)
    # Then those of this month are, and it says that there are others
    assert done.exit_code == 0, done.output
    assert "3 of 3 decisions executed again are bit-identical" in done.output
    assert f"months up to {OLD} are archived: nothing of them was executed" in done.output
    assert await reach.lacking(database, NOW) == ""


async def test_histories_that_reach_into_archives_say_so(
    database: Database, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a catalogue has longer windows than any before."""
    await fill(database, OLD, rows=3)
    await run("archive", str(OLD))
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setattr(reach, "reach_ms", _nine_months)

    app = verifying.typer.Typer()
    app.command()(histories.rebuild)
    done = await asyncio.to_thread(CliRunner().invoke, app, [], catch_exceptions=False)

    assert "3 histories are rebuilt" in done.output
    assert f"months up to {OLD} are archived, and windows reach back into them" in done.output


async def _nine_months(_: Database) -> int:
    return 9 * 31 * clock.DAY
