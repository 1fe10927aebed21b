"""Keys by command: made, used, listed, limited, revoked."""

import asyncio

import pytest
from typer.testing import CliRunner

from riskengine.cli import keys
from riskengine.domain.errors import NotFound
from riskengine.domain.rate_limit import RateLimit
from riskengine.storage import api_keys
from riskengine.storage.database import Database


async def run(*arguments: str) -> str:
    """The output of `riskengine keys` with these arguments; the command has an event loop of its own."""
    result = await asyncio.to_thread(CliRunner().invoke, keys.app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


async def test_a_key_is_shown_once_and_can_be_revoked(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given the settings of a process
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)

    # When a key is made, Then its digest and scopes are kept, and it is not
    key = (await run("create", "--name", "shop", "--scope", "ingest", "--scope", "read")).strip()
    key_id = api_keys.key_id_of(key)
    assert key_id is not None
    database = await Database.connect(database_url, idle=1, most=1, name="test")
    kept = await api_keys.find(database, key_id)
    assert kept is not None
    assert (kept.name, kept.scopes, kept.digest) == ("shop", frozenset({"ingest", "read"}), api_keys.digest(key))

    # And it is listed without its secret, and revoked once
    listed = await run("list")
    assert key_id in listed
    assert key not in listed
    assert key_id in await run("revoke", key_id)
    revoked = await api_keys.find(database, key_id)
    assert revoked is not None
    assert revoked.revoked_at is not None
    with pytest.raises(NotFound):
        await run("revoke", key_id)
    await database.close()


async def test_a_key_has_the_limit_that_it_was_given_last(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given keys with a limit, with one whose burst is not said, and without one
    monkeypatch.setenv("DATABASE_URL", database_url)
    made = [
        (await run("create", "--name", "shop", "--scope", "ingest", *limit)).strip()
        for limit in (("--rate", "100", "--burst", "200"), ("--rate", "7"), ())
    ]
    ids = [key_id for key_id in map(api_keys.key_id_of, made) if key_id is not None]
    database = await Database.connect(database_url, idle=1, most=1, name="test")

    async def limits() -> list[RateLimit | None]:
        return [key.limit for key in await api_keys.every(database) if key.key_id in ids]

    assert await limits() == [RateLimit(100, 200), RateLimit(7, 7), None]
    assert " shop ingest 100 200 " in " ".join((await run("list")).split())

    # When limits are changed, ended and made, Then they are that
    assert "1,000 a second" in await run("limit", ids[0], "--rate", "1000", "--burst", "2000")
    assert "no limit" in await run("limit", ids[1], "--none")
    await run("limit", ids[2], "--rate", "3", "--burst", "9")
    assert await limits() == [RateLimit(1000, 2000), None, RateLimit(3, 9)]

    # And what makes no sense is refused, and changes nothing
    for wrong in (("--burst", "5"), ("--rate", "0"), ("--none", "--rate", "5"), (), ("--rate", "1000001")):
        assert "Error" in await run("limit", ids[0], *wrong)
    assert "Error" in await run("create", "--name", "x", "--scope", "ingest", "--burst", "5")
    with pytest.raises(NotFound):
        await run("limit", "nobody", "--none")
    await run("revoke", ids[2])
    with pytest.raises(NotFound):
        await run("limit", ids[2], "--none")
    assert await limits() == [RateLimit(1000, 2000), None, RateLimit(3, 9)]
    await database.close()
