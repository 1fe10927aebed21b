"""`riskengine partitions`: the months in which transactions and decisions are kept."""

from pathlib import Path
from typing import Annotated

import typer

from riskengine import settings
from riskengine.archive import archiving, dropping, overview, querying, restoring, retention
from riskengine.cli import partition_report as report
from riskengine.cli.list_session import run
from riskengine.domain import clock
from riskengine.domain.errors import ConfigurationError
from riskengine.domain.month import Month
from riskengine.storage import partitions
from riskengine.storage.database import Database

NAME = "riskengine-partitions"

MonthText = Annotated[str, typer.Argument(metavar="MONTH", help="Year and month, such as 2026-03.")]
To = Annotated[Path | None, typer.Option("--to", file_okay=False, help="Where to; else ARCHIVE_DIRECTORY.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="See, make, archive, restore, drop and query months."
)


@app.command("list")
def show(
    *,
    exact: Annotated[bool, typer.Option("--exact", help="Count the rows, which reads them all.")] = False,
    as_json: Json = False,
) -> None:
    """Show all months: where their rows are, how many (by estimate), and the room they take."""
    report.months(run(lambda database: overview.overview(database, clock.now_ms(), exact=exact), NAME), as_json=as_json)


@app.command()
def create(month: MonthText) -> None:
    """Make the partitions of a month. Needless as a rule: the system makes this month's and the next two by itself."""
    wanted = Month.read(month)
    made = run(lambda database: partitions.create(database, [wanted]), NAME)
    typer.echo(f"made the partitions of {wanted}" if made else f"{wanted} has its partitions already")


@app.command()
def archive(
    month: Annotated[str | None, typer.Argument(metavar="[MONTH]", help="Year and month; or --due.")] = None,
    *,
    to: To = None,
    due: Annotated[bool, typer.Option("--due", help="All months that RETENTION_MONTHS no longer keeps.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Write months to Parquet, read them back, compare, and take them out of what queries see.

    The rows stay in PostgreSQL until `drop`. Interrupted, the same again goes on. What an archived month takes with it
    is told in docs/partitions.md.
    """
    if (month is None) is not due:
        raise typer.BadParameter("give a month, or --due")
    directory = _directory(to)
    wanted = None if month is None else Month.read(month)
    run(lambda database: _archive(database, wanted, directory, dry_run=dry_run), NAME)


@app.command()
def restore(
    month: MonthText,
    *,
    place: Annotated[
        Path | None, typer.Option("--from", file_okay=False, help="Where the archive lies; else where it was written.")
    ] = None,
) -> None:
    """Bring an archived month back, if it holds exactly what was archived. The files stay."""
    wanted = Month.read(month)
    found = run(lambda database: restoring.restore(database, wanted, place), NAME)
    typer.echo(
        f"{wanted} is back: {found.transactions.rows:,} transactions, {found.decisions.rows:,} decisions,"
        " each as it was"
    )


@app.command()
def drop(
    month: MonthText,
    *,
    without_archive: Annotated[
        bool, typer.Option("--without-archive", help="Even if no whole archive is there: the rows are lost.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --without-archive: you mean it.")] = False,
) -> None:
    """Delete the tables of an archived month. Its archive is looked at first, to the last byte."""
    if without_archive is not yes:
        raise typer.BadParameter("--without-archive and --yes go together: what it deletes is nowhere else")
    wanted = Month.read(month)
    freed = run(lambda database: dropping.drop(database, wanted, without_archive=without_archive), NAME)
    typer.echo(f"dropped the tables of {wanted}: {report.size(freed)} are free")


@app.command()
def query(
    statement: Annotated[str, typer.Argument(help="One SELECT over `transactions` and `decisions`, in DuckDB's SQL.")],
    *,
    first: Annotated[str, typer.Option("--from", help="The first month, such as 2026-03.")],
    last: Annotated[str, typer.Option("--to", help="The last month.")],
    as_json: Json = False,
) -> None:
    """Ask archived and live months together. Live ones are copied to a temporary directory first. Reads only."""
    months = Month.read(first), Month.read(last)
    found = run(lambda database: querying.query(database, statement, *months), NAME)
    report.answer(found, as_json=as_json)


async def _archive(database: Database, month: Month | None, directory: Path, *, dry_run: bool) -> None:
    now = clock.now_ms()
    due = [month] if month else await retention.due(database, now, settings.retention_months())
    if not due:
        typer.echo("no month is past the time it is kept")
    for one in due:
        if dry_run:
            await archiving.refuse(database, one, now)
            typer.echo(f"{one} would be archived to {directory}, and taken out of what queries see")
            continue
        done = await archiving.archive(database, one, directory, now)
        typer.echo(
            f"{one} is archived in {done.directory}: {done.transactions:,} transactions, {done.decisions:,} decisions;"
            f" `riskengine partitions drop {one}` sets its room free"
        )


def _directory(to: Path | None) -> Path:
    directory = to or settings.archive_directory()
    if directory is None:
        raise ConfigurationError("say where the archive is to lie: with --to, or by ARCHIVE_DIRECTORY")
    return directory.absolute()
