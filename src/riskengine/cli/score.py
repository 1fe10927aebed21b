"""`riskengine score`: the transactions of a file decided in this process."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from riskengine.cli import file_options as options
from riskengine.cli import tally_report
from riskengine.cli.progress import counting
from riskengine.lab import decision_table, offline, writing
from riskengine.lab.offline import Scored
from riskengine.lab.tally import Tally
from riskengine.scoring import Engine, Memory


def command(
    file: options.File,
    *,
    output_file: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to write the decisions: .csv, .jsonl or .parquet."),
    ] = None,
    mapping: options.Map = None,
    preset: options.PresetName = None,
    skip_bad: options.SkipBad = False,
    sort: options.Sort = False,
    limit: options.Limit = None,
) -> None:
    """Decide the transactions of a file offline, by the same engine as a server's.

    Nothing is stored and no server is needed. Each transaction is scored on those before it in the file. Where a column
    says which are fraud (`label`), the summary says how many were found.
    """
    console = Console()
    reading = options.reading(file, mapping, preset, skip_bad)
    engine, tally = Engine.starter(), Tally()
    with counting(console, "scoring", options.expected(reading, limit)) as advance:
        started = time.perf_counter()
        records = map(advance, options.records(reading, sort, limit))
        scored = _tallied(offline.score(records, engine, Memory()), tally)
        if output_file is not None:
            writing.write(output_file, decision_table.COLUMNS, map(decision_table.row, scored))
        else:
            for _ in scored:
                pass
        seconds = time.perf_counter() - started
    tally_report.show(console, tally, engine)
    _show_speed(console, tally.total, seconds)
    options.show_problems(console, reading)
    if output_file is not None:
        console.print(f"The decisions are in {output_file}", soft_wrap=True)


def _tallied(scored: Iterable[Scored], tally: Tally) -> Iterator[Scored]:
    for one in scored:
        tally.add(one)
        yield one


def _show_speed(console: Console, total: int, seconds: float) -> None:
    if total:
        console.print(
            f"{total} transactions in {seconds:.1f} s: {total / seconds:.0f} a second, "
            f"{seconds / total * 1e6:.0f} µs each, reading and writing included"
        )
