"""`riskengine keys`: who may use the API, and how much."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from riskengine.cli.connecting import connect
from riskengine.domain import clock
from riskengine.domain.errors import NotFound
from riskengine.domain.rate_limit import MOST, RateLimit
from riskengine.storage import api_keys
from riskengine.storage.database import Database

Result = TypeVar("Result")


class ScopeName(StrEnum):
    """What a key may do."""

    INGEST = "ingest"
    READ = "read"
    RULES = "rules"
    ADMIN = "admin"


KeyId = Annotated[str, typer.Argument(help="The key's id, as `list` shows it.")]
Rate = Annotated[
    int | None, typer.Option(min=1, max=MOST, help="Transactions a second that may be sent with it, on average.")
]
Burst = Annotated[
    int | None,
    typer.Option(min=1, max=MOST, help="Transactions that may be sent at once; by default those of a second."),
]

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Create, list, limit and revoke API keys.")


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who or what will use the key.")],
    scope: Annotated[list[ScopeName], typer.Option(help="What it may do; give the option again for more.")],
    rate: Rate = None,
    burst: Burst = None,
) -> None:
    """Make a key and show it, once: only a digest of it is kept. Without --rate it has no limit."""
    scopes = [known for known in api_keys.SCOPES if known in scope]
    limit = _limit(rate, burst)
    typer.echo(_in_database(lambda database: api_keys.create(database, name, scopes, limit)))


@app.command("list")
def show() -> None:
    """Show all keys, without their secrets."""
    table = Table("key", "name", "scopes", "a second", "at once", "created", "revoked", box=None, header_style="bold")
    for key in _in_database(api_keys.every):
        scopes = ", ".join(scope for scope in api_keys.SCOPES if scope in key.scopes)
        rate, burst = ("", "") if key.limit is None else (f"{key.limit.rate:,}", f"{key.limit.burst:,}")
        table.add_row(key.key_id, key.name, scopes, rate, burst, _date(key.created_at), _date(key.revoked_at))
    Console(highlight=False).print(table)


@app.command("limit")
def set_limit(
    key_id: KeyId,
    rate: Rate = None,
    burst: Burst = None,
    none: Annotated[bool, typer.Option("--none", help="From now on without limit.")] = False,
) -> None:
    """Change how much may be sent with a key: every API process knows it within 5 seconds."""
    limit = _limit(rate, burst)
    if none is (limit is not None):
        raise typer.BadParameter("give the limit, with --rate and --burst, or --none")
    if not _in_database(lambda database: api_keys.set_limit(database, key_id, limit)):
        raise _unknown(key_id)
    typer.echo(f"{key_id}: {'no limit' if limit is None else limit}")


@app.command()
def revoke(key_id: KeyId) -> None:
    """End a key, for good: every API process refuses it within 5 seconds."""
    if not _in_database(lambda database: api_keys.revoke(database, key_id)):
        raise _unknown(key_id)
    typer.echo(f"{key_id} is revoked")


def _limit(rate: int | None, burst: int | None) -> RateLimit | None:
    if rate is None and burst is not None:
        raise typer.BadParameter("is part of a limit; give --rate, too", param_hint="--burst")
    return None if rate is None else RateLimit(rate, rate if burst is None else burst)


def _unknown(key_id: str) -> NotFound:
    return NotFound(f"no key that is still good has the id {key_id}; `riskengine keys list` shows all")


def _in_database(work: Callable[[Database], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        database = await connect("riskengine-keys")
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def _date(ms: int | None) -> str:
    return "" if ms is None else f"{clock.to_datetime(ms):%Y-%m-%d %H:%M}"
