"""Lists and snoozes by command."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from riskengine.cli import lists, snooze
from riskengine.domain import clock
from riskengine.domain.errors import InvalidInput, NotFound
from riskengine.storage import lists as stored
from riskengine.storage.database import Database


@pytest.fixture
async def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """The database that commands work on, and its own."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    database = await Database.connect(database_url, idle=1, most=1, name="test")
    yield database
    await database.close()


async def ran(app: typer.Typer, *arguments: str) -> Result:
    result = await asyncio.to_thread(CliRunner().invoke, app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


async def run(app: typer.Typer, *arguments: str) -> str:
    """The output of a command that succeeds; it has an event loop of its own."""
    result = await ran(app, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


async def test_a_list_is_made_filled_shown_and_dropped(database: Database) -> None:
    # Given a list of networks
    made = await run(lists.app, "create", "bad_networks", "--kind", "network", "--effect", "watch", "--by", "ann")
    assert made == "made the list bad_networks: version 1 of all lists\n"
    # When entries are added, one of them for a week
    week = await run(
        lists.app, "add", "bad_networks", "192.0.2.1", "--expires", "7d", "--note", "case 7", "--by", "bob"
    )
    assert week == "1 added, 0 removed: version 2 of all lists\n"
    await run(lists.app, "add", "bad_networks", "2001:db8::/32", "198.51.100.0/24")
    # Then they are stored, with who added them and when they end
    first, *_ = await stored.page(database, "bad_networks", None, 10)
    assert (first.value, first.note, first.added_by) == ("192.0.2.1/32", "case 7", "bob")
    assert first.expires_at is not None
    assert 0 <= clock.now_ms() + 7 * clock.DAY - first.expires_at < clock.HOUR
    # And shown, page by page
    assert re.search(r"bad_networks +network +watch +ip +3 +0", await run(lists.app, "show"))
    assert "192.0.2.1/32" in await run(lists.app, "entries", "bad_networks")
    assert "go on with --after 192.0.2.1/32" in await run(lists.app, "entries", "bad_networks", "--limit", "1")
    rest = await run(lists.app, "entries", "bad_networks", "--after", "192.0.2.1/32")
    assert "192.0.2.1/32" not in rest
    # And they can be removed, and the list dropped
    assert "0 added, 1 removed" in await run(lists.app, "remove", "bad_networks", "192.0.2.1")
    assert "with 2 entries" in await run(lists.app, "drop", "bad_networks")
    with pytest.raises(NotFound):
        await run(lists.app, "show", "bad_networks")


async def test_what_was_exported_can_be_imported(database: Database, tmp_path: Path) -> None:
    # Given a list, exported to a file
    file = tmp_path / "stolen.csv"
    await run(lists.app, "create", "stolen", "--kind", "text", "--field", "device_id")
    await run(lists.app, "add", "stolen", 'd "1", x', "--expires", "2099-01-01T00:00:00+01:00", "--note", "two\nlines")
    await run(lists.app, "add", "stolen", "d2")
    assert "2 entries are in" in await run(lists.app, "export", "stolen", str(file))
    before = await stored.page(database, "stolen", None, 10)
    # When it is imported where there is something else
    await run(lists.app, "remove", "stolen", 'd "1", x')
    await run(lists.app, "add", "stolen", "d3")
    done = await run(lists.app, "import", "stolen", str(file), "--replace")
    # Then the list is as it was
    assert done.startswith("1 added, 1 removed")
    after = await stored.page(database, "stolen", None, 10)
    assert [(e.value, e.expires_at, e.note) for e in after] == [(e.value, e.expires_at, e.note) for e in before]
    # And importing it again changes nothing; it is also written to a pipe
    assert "nothing to change" in await run(lists.app, "import", "stolen", str(file), "--replace")
    assert await run(lists.app, "export", "stolen") == file.read_text()


async def test_a_file_with_bad_rows_is_refused_and_they_are_named(database: Database, tmp_path: Path) -> None:
    # Given a file with two bad rows
    file = tmp_path / "bins.csv"
    file.write_text("value\n411111\n41111\n45671234\n4111111111111111\n")
    await run(lists.app, "create", "bins", "--kind", "bin")
    # When it is imported, Then both are named, and nothing is stored
    refused = await ran(lists.app, "import", "bins", str(file))
    assert refused.exit_code == 1
    assert "2 of 4 rows" in refused.stderr
    assert re.findall(r"row \d+", refused.stderr) == ["row 3", "row 5"]
    assert "4111111111111111" not in refused.output
    assert await stored.page(database, "bins", None, 10) == []


async def test_a_rule_is_snoozed_and_wakes_up(database: Database) -> None:
    # Given a rule that is snoozed for an account
    entity = ("RULE_SPIKE_ANOMALY", "account_id", "alice")
    assert "is snoozed until" in await run(
        snooze.app, "add", *entity, "--until", "12h", "--note", "moves", "--by", "ann"
    )
    # When snoozes are shown, Then it is there, with who did it
    assert re.search(r"RULE_SPIKE_ANOMALY +account_id +alice .* moves +ann ", await run(snooze.app, "list"))
    # And it can be ended
    assert "counts again" in await run(snooze.app, "remove", *entity)
    assert "alice" not in await run(snooze.app, "list")


@pytest.mark.parametrize("until", ["tomorrow", "2099-01-01T00:00:00", "7", "7w", ""])
async def test_odd_times_are_refused(database: Database, until: str) -> None:
    result = await ran(snooze.app, "add", "RULE_SPIKE_ANOMALY", "account_id", "alice", "--until", until)
    assert result.exit_code == 2
    assert await stored.snoozes(database) == []


async def test_a_time_that_has_passed_is_refused(database: Database) -> None:
    with pytest.raises(InvalidInput):
        await run(snooze.app, "add", "RULE_SPIKE_ANOMALY", "account_id", "alice", "--until", "2020-01-01T00:00:00Z")
