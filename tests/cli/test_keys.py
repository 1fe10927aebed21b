"""Keys by command: made, used, listed, revoked."""

import asyncio

import pytest
from typer.testing import CliRunner

from riskengine.cli import keys
from riskengine.domain.errors import NotFound
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
