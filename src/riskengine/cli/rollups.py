"""`riskengine rollups`: what decisions add up to, checked against all of them, and made anew."""

import asyncio

import typer
from rich.console import Console
from rich.text import Text

from riskengine.insight import rollup_check
from riskengine.insight.rollup_check import RollupReport
from riskengine.insight.rollups import Rollups
from riskengine.resilience import redis as connections
from riskengine.settings import database_url, redis_url
from riskengine.state.cache import Cache
from riskengine.storage.database import Database

NAME = "riskengine-rollups"

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Check and rebuild what analytics are read from.")


@app.callback()
def _group() -> None:
    """Check and rebuild what analytics are read from."""


@app.command("check")
def check() -> None:
    """Compare the rollups with a full scan of all decisions. Reads only; exit code 1 if they differ."""
    report = asyncio.run(_check())
    show(Console(highlight=False), report)
    if not report.sound:
        raise typer.Exit(1)


@app.command("rebuild")
def rebuild() -> None:
    """Count all decisions anew, while deciding goes on; analytics show the old figures until it is done.

    Needed after a dump was restored into another server, and when `check` finds a difference. It may be interrupted:
    workers finish it.
    """
    asyncio.run(_rebuild())
    typer.echo("the rollups are rebuilt")


def show(console: Console, report: RollupReport) -> None:
    """Prints what was found."""
    for one in report.differences:
        console.print(f"  {one.cell}: counted {one.counted}, and there is {one.scanned}", soft_wrap=True, markup=False)
    console.print(Text(_sentence(report), "green" if report.sound else "red"), soft_wrap=True)


def _sentence(report: RollupReport) -> str:
    if report.foreign:
        return "the database came from another server, and nothing is added any more: run `riskengine rollups rebuild`"
    if report.filling:
        return "what was decided before is still being added: workers do that, or `riskengine rollups rebuild`"
    compared = f"{report.cells:,} cells of {len(report.months)} months compared with a full scan"
    if report.different:
        return f"{compared}: {report.different:,} differ; run `riskengine rollups rebuild`"
    return f"{compared}: all are the same"


async def _check() -> RollupReport:
    database = await Database.connect(database_url(), idle=1, most=1, name=NAME)
    try:
        return await rollup_check.compare(database)
    finally:
        await database.close()


async def _rebuild() -> None:
    url = redis_url()
    database = await Database.connect(database_url(), idle=1, most=2, name=NAME)
    redis = connections.connect(url, NAME)
    try:
        with Console(stderr=True).status("counting all decisions") as status:
            async for done in Rollups(database, Cache(redis)).rebuild():
                status.update(f"counting all decisions: {done:,} done here")
    finally:
        await redis.aclose()
        await database.close()
