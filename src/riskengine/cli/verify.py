"""`riskengine verify`: stored decisions executed again."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from riskengine import wiring
from riskengine.domain import clock
from riskengine.domain.month import Month
from riskengine.pipeline.proof.report import Report
from riskengine.pipeline.running import Running
from riskengine.pipeline.verify import Watch, verify
from riskengine.settings import direct_database_url
from riskengine.storage.database import Database
from riskengine.storage.replays import LATEST, Span

CONNECTIONS = 3
"""Connections to PostgreSQL: one puts in order, one reads, and one is for rule sets, rates and lists."""

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


def command(
    *,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=_FORMATS, help="Transactions accepted from then on, UTC.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=_FORMATS, help="Transactions accepted before then, UTC.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Only this account's decisions, without what it shares.")] = None,
    shared: Annotated[bool, typer.Option(help="Compare what accounts share, too, for information.")] = True,
) -> None:
    """Execute stored decisions again, with the versions and in the order they had, and compare every bit.

    Without options, all decisions there are. Reads only, and may run beside live traffic. Needs DATABASE_URL. The exit
    code is 1 if a decision differs.
    """
    console = Console(highlight=False)
    span = Span(0 if since is None else _ms(since), LATEST if until is None else _ms(until), account)
    with Progress(
        TextColumn("executing again"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeRemainingColumn(),
        console=console,
    ) as bar:
        task = bar.add_task("")
        report = asyncio.run(_run(span, shared, lambda done, total: bar.update(task, completed=done, total=total)))
    show(console, report)
    if not report.sound:
        raise typer.Exit(1)


def show(console: Console, report: Report) -> None:
    """Prints what was found."""
    if report.shared:
        console.print(_shared(report))
    if len(report.versions) > 1:
        console.print(_versions(report))
    rate = report.total / report.seconds if report.seconds else 0.0
    console.print(f"{report.total:,} decisions in {report.seconds:.1f} s: {rate:,.0f} a second")
    console.print(Text(report.sentence, "green" if report.sound else "red"), soft_wrap=True)
    if report.archived:
        console.print(
            f"months up to {Month.of(report.archived - 1)} are archived: nothing of them was executed, and what reaches"
            " back into them is beyond; `riskengine partitions restore` brings months back",
            soft_wrap=True,
        )
    for one in report.differences:
        where = f"  {one.transaction_id} of account {one.account_id}: {one.field}"
        console.print(
            f"{where} is stored as {one.stored!r}, and came out as {one.replayed!r}", soft_wrap=True, markup=False
        )


async def _run(span: Span, shared: bool, watch: Watch) -> Report:
    database = await Database.connect(direct_database_url("verify"), idle=1, most=CONNECTIONS, name="riskengine-verify")
    try:
        engines = await Running.start(database, wiring.builder(database))
        return await verify(database, engines, span, shared=shared, watch=watch)
    finally:
        await database.close()


def _shared(report: Report) -> Table:
    table = Table("feature", "identical", "largest difference", title="What accounts share, for information")
    for feature in report.shared:
        table.add_row(feature.name, f"{feature.identical:,} of {feature.compared:,}", f"{feature.largest:g}")
    return table


def _versions(report: Report) -> Table:
    table = Table("rule set", "catalogue", "rates", "lists", "model", "decisions", title="Versions")
    for versions, count in sorted(report.versions.items(), key=lambda item: -item[1])[:20]:
        model = "none" if versions.model is None else str(versions.model)
        numbers = (versions.ruleset, versions.catalogue, versions.rates, versions.lists)
        table.add_row(*map(str, numbers), model, f"{count:,}")
    return table


def _ms(moment: datetime) -> int:
    return clock.to_ms(moment.replace(tzinfo=UTC))
