"""`riskengine keys`: who may use the API."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from riskengine.domain import clock
from riskengine.domain.errors import NotFound
from riskengine.settings import database_url
from riskengine.storage import api_keys
from riskengine.storage.database import Database

Result = TypeVar("Result")


class ScopeName(StrEnum):
    """What a key may do."""

    INGEST = "ingest"
    READ = "read"
    RULES = "rules"
    ADMIN = "admin"


app = typer.Typer(no_args_is_help=True, add_completion=False, help="Create, list and revoke API keys.")


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who or what will use the key.")],
    scope: Annotated[list[ScopeName], typer.Option(help="What it may do; give the option again for more.")],
) -> None:
    """Make a key and show it, once: only a digest of it is kept."""
    scopes = [known for known in api_keys.SCOPES if known in scope]
    typer.echo(_in_database(lambda database: api_keys.create(database, name, scopes)))


@app.command("list")
def show() -> None:
    """Show all keys, without their secrets."""
    table = Table("key", "name", "scopes", "created", "revoked", box=None, header_style="bold")
    for key in _in_database(api_keys.every):
        scopes = ", ".join(scope for scope in api_keys.SCOPES if scope in key.scopes)
        table.add_row(key.key_id, key.name, scopes, _date(key.created_at), _date(key.revoked_at))
    Console(highlight=False).print(table)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The key's id, as `list` shows it.")]) -> None:
    """End a key, for good: every API process refuses it within 5 seconds."""
    if not _in_database(lambda database: api_keys.revoke(database, key_id)):
        raise NotFound(f"no key that is still good has the id {key_id}; `riskengine keys list` shows all")
    typer.echo(f"{key_id} is revoked")


def _in_database(work: Callable[[Database], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        database = await Database.connect(database_url(), idle=1, most=1, name="riskengine-keys")
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def _date(ms: int | None) -> str:
    return "" if ms is None else f"{clock.to_datetime(ms):%Y-%m-%d %H:%M}"
