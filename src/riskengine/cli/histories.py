"""`riskengine histories`: what scoring remembers of accounts, which Valkey may lose."""

import asyncio

import typer
from rich.console import Console

from riskengine import wiring
from riskengine.archive import reach
from riskengine.cli import progress
from riskengine.domain import clock
from riskengine.pipeline.backfill import SETTLE_MS, Backfill
from riskengine.pipeline.rebuilding import Rebuilding
from riskengine.settings import Settings

CONNECTIONS = 4
"""Connections to PostgreSQL at most."""

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Make again what scoring remembers.")


@app.callback()
def _group() -> None:
    """Make again what scoring remembers."""


@app.command("rebuild")
def rebuild() -> None:
    """Make all histories again from PostgreSQL, and what accounts share, while deciding goes on.

    Nothing needs it to be right: what is missing or old is found out and rebuilt when its account comes. It spares
    that time after Valkey was lost. It may be interrupted: run again, it goes on where it was.
    """
    typer.echo(f"{asyncio.run(_run(Settings.load())):,} histories are rebuilt")


async def _run(settings: Settings) -> int:
    count = 0
    async with wiring.assemble(settings, name="riskengine-histories", idle=1, most=CONNECTIONS) as parts:
        backfill = Backfill(parts.database, parts.histories, parts.engines, settle_ms=SETTLE_MS)
        rebuilding = Rebuilding(parts.database, parts.histories, parts.engines, backfill)
        with progress.stages(Console(stderr=True)) as show:
            async for one in rebuilding.run():
                show(one.what, one.done, one.total)
                count = one.done
        lacking = await reach.lacking(parts.database, clock.now_ms())
    if lacking:
        typer.echo(lacking, err=True)
    return count
