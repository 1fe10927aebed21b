"""`riskengine import`: history from a file into the database."""

import asyncio
from collections import Counter

from rich.console import Console
from rich.table import Table

from riskengine.cli import file_options as options
from riskengine.cli.progress import counting
from riskengine.domain.outcome import OUTCOME_OF_LEVEL, Level
from riskengine.lab.importer import Importer
from riskengine.lab.reading import Reading
from riskengine.settings import Settings
from riskengine.wiring import assemble

CONNECTIONS = 2
"""Connections to PostgreSQL: one works, one is spare."""


class Summary:
    """What an import has done so far."""

    def __init__(self) -> None:
        self.new = self.known = self.undecidable = 0
        self.levels: Counter[Level] = Counter()


def command(
    file: options.File,
    *,
    mapping: options.Map = None,
    preset: options.PresetName = None,
    skip_bad: options.SkipBad = False,
    sort: options.Sort = False,
    limit: options.Limit = None,
) -> None:
    """Import the transactions of a file as history into the database.

    They are stored in the months in which they happened, decided, and counted in histories like live ones. An import
    that was broken off, or is run again, stores nothing twice: rows with equal content, or with the same
    `idempotency_key` where one is mapped, are one transaction. Needs DATABASE_URL and REDIS_URL.
    """
    console = Console()
    settings = Settings.load()
    reading = options.reading(file, mapping, preset, skip_bad)
    summary = asyncio.run(_run(settings, reading, console, sort, limit))
    console.print(f"{summary.new:,} new, {summary.known:,} already there")
    if summary.levels:
        console.print(_levels(summary))
    if summary.undecidable:
        console.print(f"{summary.undecidable:,} are stored but could not be decided; the log says why", style="red")
    options.show_problems(console, reading)


async def _run(settings: Settings, reading: Reading, console: Console, sort: bool, limit: int | None) -> Summary:
    summary = Summary()
    with counting(console, "importing", options.expected(reading, limit)) as advance:
        records = map(advance, options.records(reading, sort, limit))
        async with assemble(settings, name="riskengine-import", idle=1, most=CONNECTIONS) as parts:
            async for chunk in Importer(parts.database, parts.decider).run(records):
                summary.new += chunk.new
                summary.known += chunk.known
                summary.undecidable += chunk.undecidable
                summary.levels.update(decision.verdict.level for decision in chunk.decisions)
    return summary


def _levels(summary: Summary) -> Table:
    table = Table("level", "outcome", "transactions", title="Decisions")
    for level in Level:
        table.add_row(level, OUTCOME_OF_LEVEL[level], f"{summary.levels[level]:,}")
    return table
