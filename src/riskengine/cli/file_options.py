"""The options of every command that reads transactions from a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from riskengine.lab import presets, sorting
from riskengine.lab.mapping import ColumnMapping
from riskengine.lab.presets import Preset
from riskengine.lab.reading import Reading, Record

File = Annotated[Path, typer.Argument(help="A .csv, .jsonl or .parquet file with one transaction a row.")]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="Which column holds a field, or with FIELD=:VALUE one value for all rows. May be given many times; "
        "a field that is not mapped is read from the column of its own name.",
    ),
]
PresetName = Annotated[
    str | None, typer.Option("--preset", help="The mapping of a known data set: handbook, sparkov or retail.")
]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out rows that are not valid, and say how many, instead of stopping.")
]
Sort = Annotated[bool, typer.Option("--sort", help="Take rows by occurred_at instead of in the order of the file.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Take only the first so many rows of the file.")]


def reading(file: Path, mapping: list[str] | None, preset: str | None, skip_bad: bool) -> Reading:
    """The reading that the options ask for. Raises ConfigurationError where they do not fit the file."""
    base = presets.preset(preset) if preset is not None else Preset(ColumnMapping())
    return Reading(file, ColumnMapping.parse(mapping or ()), base, skip_bad=skip_bad)


def records(reading: Reading, sort: bool, limit: int | None) -> Iterator[Record]:
    """The records in the order asked for."""
    found = reading.records(limit)
    return sorting.by_time(found) if sort else found


def expected(reading: Reading, limit: int | None) -> int:
    """About how many records there will be."""
    count = reading.count()
    return count if limit is None else min(count, limit)


def show_problems(console: Console, reading: Reading) -> None:
    """Prints how many rows were left out, and what was wrong with the first of them."""
    if not reading.bad:
        return
    console.print(f"{reading.bad:,} rows were left out:", style="yellow")
    for problem in reading.problems:
        faults = "; ".join(f"{fault.path}: {fault.message}" for fault in problem.fields)
        console.print(f"  row {problem.number}: {faults}", markup=False, soft_wrap=True)
    if reading.bad > len(reading.problems):
        console.print(f"  and {reading.bad - len(reading.problems):,} more")
