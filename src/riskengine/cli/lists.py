"""`riskengine lists`: what rules look into, and what acts by itself."""

import csv
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer

from riskengine.cli import moments
from riskengine.cli.list_session import run, show
from riskengine.cli.release_session import By, person
from riskengine.cli.release_tables import console, date, table
from riskengine.domain import clock
from riskengine.domain.errors import InvalidInput
from riskengine.domain.listing import FIELD_OF_KIND, TEXT_FIELDS, ListDefinition
from riskengine.pipeline.curating import Changed, Curating
from riskengine.pipeline.curation_checks import NewEntry
from riskengine.pipeline.list_file import COLUMNS
from riskengine.storage import lists
from riskengine.storage.database import Database
from riskengine.storage.lists import StoredEntry

PAGE = 5_000
"""Entries that are read at once for an export."""


class KindName(StrEnum):
    """What a list's values are."""

    TEXT = "text"
    COUNTRY = "country"
    NETWORK = "network"
    BIN = "bin"
    ACCOUNT = "account"


class EffectName(StrEnum):
    """What follows by itself."""

    NONE = "none"
    BLOCK = "block"
    ALLOW = "allow"
    WATCH = "watch"


Name = Annotated[str, typer.Argument(help="The list.")]
Values = Annotated[list[str], typer.Argument(help="The values, as many as there are.")]

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Make, fill and show lists.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Its name: a-z, 0-9 and _, beginning with a letter.")],
    *,
    kind: Annotated[KindName, typer.Option(help="What its values are.")],
    effect: Annotated[EffectName, typer.Option(help="What follows by itself for what is on it.")] = EffectName.NONE,
    field: Annotated[
        str, typer.Option(help=f"The field it looks at, for a list of texts: {', '.join(TEXT_FIELDS)}.")
    ] = "",
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    by: By = None,
) -> None:
    """Make a list, without entries."""
    looked_at = field or next((found for of, found in FIELD_OF_KIND.items() if of == kind.value), "")
    definition = ListDefinition(name, kind.value, effect.value, looked_at, description)
    changed = run(lambda database: Curating(database).create(definition, person(by)))
    typer.echo(f"made the list {name}: version {changed.version} of all lists")


@app.command()
def drop(name: Name, *, by: By = None) -> None:
    """Drop a list with all its entries. Refused while a rule that runs looks into it."""
    changed = run(lambda database: Curating(database).drop(name, person(by)))
    typer.echo(f"dropped {name} with {changed.removed:,} entries: version {changed.version} of all lists")


@app.command("show")
def show_lists(name: Annotated[str | None, typer.Argument(help="One list; without it, all.")] = None) -> None:
    """Show lists, and how many entries they have."""

    async def found(database: Database) -> list[lists.ListSummary]:
        return await lists.every(database) if name is None else [await lists.get(database, name)]

    rows = [(each.definition, each) for each in run(found)]
    table(
        ("list", "kind", "effect", "field", "entries", "expired", "description"),
        ((d.name, d.kind, d.effect, d.field, f"{s.entries:,}", f"{s.expired:,}", d.description) for d, s in rows),
    )


@app.command()
def entries(
    name: Name,
    *,
    after: Annotated[str | None, typer.Option(help="Only those that come after this value.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 100,
) -> None:
    """Show entries of a list, by value."""

    async def found(database: Database) -> list[StoredEntry]:
        await lists.get(database, name)
        return await lists.page(database, name, after, limit + 1)

    rows = run(found)
    table(
        ("value", "until", "note", "by", "added"),
        ((e.value, _until(e, "ended"), e.note, e.added_by, date(e.added_at)) for e in rows[:limit]),
    )
    if len(rows) > limit:
        console().print(f"there are more; go on with --after {rows[limit - 1].value}", markup=False)


@app.command()
def add(
    name: Name,
    values: Values,
    *,
    expires: Annotated[str | None, typer.Option(help=f"When they end: {moments.WANTED}.")] = None,
    note: Annotated[str, typer.Option(help="Why.")] = "",
    by: By = None,
) -> None:
    """Add entries, all or none. One that is there already gets the new end and note."""
    expires_at = None if expires is None else moments.read("--expires", expires)
    new = [NewEntry(value, expires_at, note) for value in values]
    show(run(lambda database: Curating(database).add(name, new, person(by))))


@app.command()
def remove(name: Name, values: Values, *, by: By = None) -> None:
    """Remove entries."""
    show(run(lambda database: Curating(database).remove(name, values, person(by))))


@app.command("import")
def import_file(
    name: Name,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help=f"CSV with the columns {', '.join(COLUMNS)}.")
    ],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Remove what is not in the file.")] = False,
    by: By = None,
) -> None:
    """Import entries, all or none: rows that cannot be taken are named, and then nothing is stored."""

    async def work(database: Database) -> Changed:
        with file.open("rb") as stream:
            return await Curating(database).import_csv(name, stream, person(by), replace=replace)

    try:
        show(run(work))
    except InvalidInput as error:
        typer.echo(str(error), err=True)
        for fault in error.fields:
            typer.echo(f"  {fault.path}: {fault.message}", err=True)
        raise typer.Exit(1) from None


@app.command()
def export(
    name: Name,
    file: Annotated[Path | None, typer.Argument(dir_okay=False, help="Where to; without it, standard output.")] = None,
) -> None:
    """Write the entries as a CSV file that `import` takes."""
    if file is None:
        run(lambda database: _export(database, name, sys.stdout))
        return
    with file.open("w", encoding="utf-8", newline="") as stream:
        count = run(lambda database: _export(database, name, stream))
    typer.echo(f"{count:,} entries are in {file}")


async def _export(database: Database, name: str, stream: TextIO) -> int:
    """Writes all entries, page by page; returns how many there were."""
    await lists.get(database, name)
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    count, after = 0, None
    while page := await lists.page(database, name, after, PAGE):
        writer.writerows((entry.value, _until(entry, ""), entry.note) for entry in page)
        count, after = count + len(page), page[-1].value
    return count


def _until(entry: StoredEntry, ended: str) -> str:
    """When an entry ends; what to say of one that has ended is added."""
    if entry.expires_at is None:
        return ""
    moment = clock.to_datetime(entry.expires_at).isoformat()
    return f"{moment} ({ended})" if ended and entry.expires_at <= clock.now_ms() else moment
