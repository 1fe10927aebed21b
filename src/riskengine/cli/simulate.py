"""`riskengine simulate`: labelled transactions made up from a seed."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from riskengine.lab import transaction_table, writing
from riskengine.lab.attacks import ATTACKS
from riskengine.lab.labelled import Labelled
from riskengine.lab.simulator import START, Plan, Simulator

NORMAL_LIFE = "normal life"


def command(
    *,
    output_file: Annotated[Path, typer.Option("--output", "-o", help="The file to write: .csv, .jsonl or .parquet.")],
    customers: Annotated[int, typer.Option(min=1, help="How many customers live in the simulated world.")] = 1000,
    days: Annotated[int, typer.Option(min=1, help="How many days they live.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed and options give the same file.")] = 7,
    fraud_rate: Annotated[float, typer.Option(min=0.0, max=0.5, help="The wished share of frauds.")] = 0.01,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day.")] = datetime(
        START.year, START.month, START.day, tzinfo=UTC
    ),
    attack: Annotated[
        list[str] | None,
        typer.Option("--attack", help=f"Only this attack; may be given many times. One of {', '.join(ATTACKS)}."),
    ] = None,
) -> None:
    """Make up labelled transactions: normal customers, and attacks among them.

    The file says of each transaction whether it is fraud, and of which attack; `riskengine score` reads it as it is.
    """
    plan = Plan(customers, days, seed, fraud_rate, start.date(), tuple(attack) if attack else tuple(ATTACKS))
    counts: Counter[tuple[str, str]] = Counter()
    rows = map(transaction_table.row, _counted(Simulator(plan).stream(), counts))
    console = Console()
    with console.status("living through the days"):
        writing.write(output_file, transaction_table.COLUMNS, rows)
    console.print(_summary(counts))
    console.print(f"{counts.total()} transactions are in {output_file}", soft_wrap=True)


def _counted(stream: Iterable[Labelled], counts: Counter[tuple[str, str]]) -> Iterator[Labelled]:
    for labelled in stream:
        counts[labelled.attack or NORMAL_LIFE, labelled.label] += 1
        yield labelled


def _summary(counts: Counter[tuple[str, str]]) -> Table:
    table = Table("attack", "fraud", "legitimate", title="Simulated transactions")
    names = sorted({name for name, _ in counts}, key=lambda name: (name != NORMAL_LIFE, name))
    for name in names:
        table.add_row(name, str(counts[name, "fraud"]), str(counts[name, "legitimate"]))
    return table
