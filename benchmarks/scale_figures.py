"""How it scales: the figures, as they go to the table and to `scale.json`."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Machine
from benchmarks.gains import Gains
from benchmarks.instances import Instances


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All of one run."""

    date: str
    machine: Machine
    quick: bool
    source: str
    instances: Sequence[Instances]
    gains: Gains


def of(instances: Sequence[Instances], gains: Gains, *, source: str, quick: bool) -> Figures:
    """The figures of a run that ends now."""
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return Figures(date=date, machine=Machine.here(), quick=quick, source=source, instances=instances, gains=gains)


def show(console: Console, figures: Figures) -> None:
    """Prints one table."""
    machine = figures.machine
    table = Table(
        "",
        "figure",
        "claimed or aimed at",
        title="riskengine at scale",
        caption=f"{machine.processor}, {machine.cores} cores",
    )
    for one in figures.instances:
        tps = f"{one.single_tps:,} · {one.batch_tps:,}"
        table.add_row(f"{one.layout}: TPS, single · batch", tps, "")
        table.add_row("  CPU of a transaction, µs", f"{one.single_cpu_us:,} · {one.batch_cpu_us:,}", "flat")
    table.add_section()
    for size, rate in figures.gains.group_rows_per_s.items():
        table.add_row(f"rows a second stored, groups of {size:,}", f"{rate:,}", "")
    table.add_section()
    for name, gain in figures.gains.gains.items():
        table.add_row(
            f"{name}, µs", f"{gain.without_us:,} -> {gain.with_us:,}: -{gain.saved:.0%}", f"-{gain.claimed:.0%}"
        )
    console.print(table)
