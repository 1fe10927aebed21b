"""`riskengine features backfill`: what features are computed from, filled from the past."""

import asyncio

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from riskengine import wiring
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
    if cold:
        typer.echo(f"still cold: {', '.join(sorted(cold))}; run this again", err=True)
        raise typer.Exit(1)
    typer.echo(f"all {len(catalogue.features)} features of catalogue {catalogue.version} are warm")


async def _fill(filling: Backfill, catalogue: Catalogue) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, TaskID] = {}
        async for progress in filling.run(catalogue):
            if progress.what not in tasks:
                tasks[progress.what] = bar.add_task(progress.what)
            bar.update(tasks[progress.what], completed=progress.done, total=progress.total)
