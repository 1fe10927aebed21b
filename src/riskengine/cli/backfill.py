"""`riskengine features backfill`: what features are computed from, filled from the past."""

import asyncio

import typer
from rich.console import Console

from riskengine import wiring
from riskengine.archive import reach
from riskengine.cli import progress
from riskengine.domain import clock
from riskengine.pipeline.backfill import SETTLE_MS, Backfill
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.settings import Settings

CONNECTIONS = 4
"""Connections to PostgreSQL at most."""


def command() -> None:
    """Fill what the features that run need of the past, from PostgreSQL, while deciding goes on.

    It may be interrupted: run again, it goes on where it was. Exit code 1 if a feature is still cold in the end.
    """
    asyncio.run(_run(Settings.load()))


async def _run(settings: Settings) -> None:
    async with wiring.assemble(settings, name="riskengine-backfill", idle=1, most=CONNECTIONS) as parts:
        filling = Backfill(parts.database, parts.histories, parts.engines, settle_ms=SETTLE_MS)
        catalogue = parts.engines.engine.catalogue
        await _fill(filling, catalogue)
        cold = await filling.cold(catalogue)
        lacking = await reach.lacking(parts.database, clock.now_ms())
    if lacking:
        typer.echo(lacking, err=True)
    if cold:
        typer.echo(f"still cold: {', '.join(sorted(cold))}; run this again", err=True)
        raise typer.Exit(1)
    typer.echo(f"all {len(catalogue.features)} features of catalogue {catalogue.version} are warm")


async def _fill(filling: Backfill, catalogue: Catalogue) -> None:
    with progress.stages(Console(stderr=True)) as show:
        async for one in filling.run(catalogue):
            show(one.what, one.done, one.total)
