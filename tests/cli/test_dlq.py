"""Dead letters by command."""

import asyncio
import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from click.testing import Result
from redis.asyncio import Redis
from typer.testing import CliRunner

from riskengine.cli import dlq
from riskengine.domain import ids
from riskengine.domain.errors import InvalidInput, NotFound
from riskengine.storage import dead_letters
from riskengine.storage.database import Database
from riskengine.streaming import messages
from riskengine.streaming.streams import STREAM
from tests import factories, lettered
from tests.lettered import dead, status, unreadable


@pytest.fixture
async def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """The database that commands work on, and its own; of Redis they know nothing."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.delenv("REDIS_URL", raising=False)
    database = await Database.connect(database_url, idle=1, most=1, name="test")
    yield database
    await database.close()


async def ran(*arguments: str | UUID) -> Result:
    result = await asyncio.to_thread(CliRunner().invoke, dlq.app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


async def run(*arguments: str | UUID) -> str:
    """The output of a command that succeeds; it has an event loop of its own."""
    result = await ran(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def listed(output: str) -> list[UUID]:
    """The letters of a table, in its order."""
    return [UUID(found) for found in re.findall(r"^([0-9a-f-]{36}) ", output, re.MULTILINE)]


async def test_letters_are_listed_newest_first(database: Database) -> None:
    # Given letters of two accounts, with an error that looks like markup
    alice = await dead(database, 3, "alice", ValueError("bad [/bold] value"))
    bob = await dead(database, 1, "bob", KeyError("x"))
    await run("discard", alice[0], "--note", "a test")
    cause = (await dead_letters.get(database, bob[0])).fingerprint  # type: ignore[union-attr]
    everything = [*bob, *alice[::-1]]
    # When they are listed, Then all are there, with what is known at a glance
    shown = await run("list")
    assert sorted(listed(shown)) == sorted(everything)
    assert re.search(rf"{alice[1]} +\S+ \S+ +open +[0-9a-f]{{12}} +alice +1 +ValueError: bad \[/bold\] value", shown)
    # And each filter finds its own
    for arguments, expected in (
        (("--status", "open"), [*bob, *alice[:0:-1]]),
        (("--status", "discarded"), alice[:1]),
        (("--cause", cause), bob),
        (("--error", "KeyError"), bob),
        (("--account", "alice"), alice[::-1]),
        (("--from", "1h"), everything),
        (("--from", "1h", "--to", "30m"), []),
        (("--to", "2020-01-01T00:00:00Z"), []),
    ):
        assert sorted(listed(await run("list", *arguments))) == sorted(expected), arguments
    assert await run("list", "--account", "nobody") == "no dead letters match\n"
    # And a page says that there are more
    assert "there are more" in await run("list", "--limit", "3")
    assert "there are more" not in await run("list", "--limit", "4")


async def test_one_letter_is_shown_whole(database: Database) -> None:
    # Given a letter on a transaction, and one on a message
    (letter_id,) = await dead(database, 1, error=ValueError("bad [value]"))
    (message,) = await unreadable(database, [lettered.RUBBISH])
    letter = await dead_letters.get(database, letter_id)
    assert letter is not None
    # When they are shown, Then all is there that it takes to find out why
    shown = await run("show", letter_id)
    for expected in (
        *("ValueError: bad [value]", "status       open", "account      alice", "tried again  0 times"),
        *("versions     model none, riskengine 0.1.0, ruleset 1", "1-0 of the stream transactions"),
        f"GET /api/v1/transactions/{letter.transaction_id} shows the transaction",
        f"riskengine dlq replay {letter_id} has it decided",
    ):
        assert expected in shown
    shown = await run("show", message)
    assert "the message could not be read" in shown
    assert "8 bytes in base64:\nCXJ1YmJpc2g=\n" in shown
    # And what was done with it
    await run("discard", message, "--note", "sent by hand", "--by", "ann")
    assert "by ann: sent by hand" in await run("show", message)
    with pytest.raises(NotFound):
        await run("show", ids.new())


async def test_stats_count_by_cause(database: Database) -> None:
    assert await run("stats") == "there are no dead letters\n"
    # Given letters of two causes
    *_, newest = await dead(database, 3, error=ValueError("first"))
    await dead(database, 1, "bob", KeyError("second"))
    await run("discard", newest, "--note", "a test")
    # When causes are shown, Then with their numbers and a sample, the one seen last first
    lines = (await run("stats")).splitlines()
    assert lines[0].split()[:3] == ["cause", "letters", "open"]
    assert re.search(r"^[0-9a-f]{12} +1 +1 +\S+ \S+ +\S+ \S+ +[0-9a-f-]{36} +KeyError: 'second'", lines[1])
    assert re.search(rf"^[0-9a-f]{{12}} +3 +2 +\S+ \S+ +\S+ \S+ +{newest} +ValueError: first", lines[2])


async def test_letters_are_replayed_once(database: Database) -> None:
    # Given letters on transactions
    first, second, *_ = await dead(database, 5)
    # When one is replayed by name, and then all
    assert await run("replay", first, "--by", "ann") == "queued again, 100 a second: 1 transaction\n"
    everything = await run("replay", "--all", "--rate", "20", "--limit", "2", "--note", "corrected")
    assert everything == (
        "queued again, 20 a second: 2 transactions\nthe limit is reached; say it again for the rest\n"
    )
    assert (await run("replay", "--account", "alice")).endswith(": 2 transactions\n")
    # Then a second time there is nothing to do, and it is said why
    assert await run("replay", "--all") == "nothing is replayed: no open dead letter matches\n"
    again = await run("replay", first, second)
    assert again.startswith("nothing is replayed\nleft alone: 2 letters: was replayed before: ")
    letter = await dead_letters.get(database, first)
    assert letter is not None
    assert (letter.status, letter.changed_by, letter.note) == ("replayed", "ann", "")


async def test_messages_that_can_be_read_now_need_redis(
    database: Database, redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a message that can be read by now, and one that cannot
    body = messages.encode(factories.transaction())
    await unreadable(database, [body, lettered.RUBBISH])
    # When they are replayed without REDIS_URL, Then it is said what is missing
    assert "there is no way to the queue: " in (missing := await run("replay", "--error", "ValueError"))
    assert "REDIS_URL is not set" in missing
    # And with it the one that can be read is in the queue again
    monkeypatch.setenv("REDIS_URL", redis_url)
    done = await run("replay", "--error", "ValueError")
    assert "can be read now, and queued again: 1 message\nleft alone: 1 letter: still cannot be read: " in done
    assert [fields[b"d"] for _, fields in await redis.xrange(STREAM)] == [body]


async def test_a_discard_says_what_it_leaves_alone(database: Database) -> None:
    # Given letters
    first, second = await dead(database, 2)
    # When they are discarded, with a reason
    await run("discard", first, "--note", "a test")
    done = await run("discard", first, second, "--note", "a test")
    # Then it is said what is done and what is not
    assert done == (
        f"discarded: 1 letter; transactions stay pending\nleft alone: 1 letter: was discarded before: {first}\n"
    )
    none = await run("discard", "--all", "--note", "a test")
    assert none == "nothing is discarded: no open dead letter matches\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("replay",), "say which letters"),
        (("discard", "--note", "x"), "say which letters"),
        (("replay", "--all", "--account", "a"), "--all"),
        (("discard", "--all"), "--note"),
        (("discard", "--all", "--note", ""), "--note"),
        (("replay", "--all", "--rate", "0"), "--rate"),
        (("replay", "--all", "--limit", "10001"), "--limit"),
        (("replay", "--from", "yesterday"), "--from"),
        (("replay", "no-id"), "letters"),
        (("list", "--status", "lost"), "--status"),
    ],
)
async def test_what_is_not_said_clearly_is_refused(
    database: Database, arguments: tuple[str, ...], complaint: str
) -> None:
    (letter,) = await dead(database, 1)
    refused = await ran(*arguments)
    assert refused.exit_code == 2
    assert complaint in refused.output
    assert await status(database, letter) == "open"


async def test_names_and_filters_exclude_each_other(database: Database) -> None:
    (letter,) = await dead(database, 1)
    with pytest.raises(InvalidInput):
        await run("replay", letter, "--account", "alice")
    with pytest.raises(InvalidInput):
        await run("list", "--from", "1960-01-01T00:00:00Z")
