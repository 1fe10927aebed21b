"""How it scales: the figures, as they go to the table and to `scale.json`."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.caches import HitRate
from benchmarks.gains import Gains
from benchmarks.instances import Instances
from benchmarks.month_page import Months
from riskengine.capacity.calibration import Machine


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All of one run."""

    date: str
    machine: Machine
    quick: bool
    source: str
    instances: Sequence[Instances]
    gains: Gains
    caches: Sequence[HitRate]
    months: Months


Row = tuple[str, str, str]


def of(
    instances: Sequence[Instances],
    gains: Gains,
    caches: Sequence[HitRate],
    months: Months,
    *,
    source: str,
    quick: bool,
) -> Figures:
    """The figures of a run that ends now."""
    return Figures(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=Machine.here(),
        quick=quick,
        source=source,
        instances=instances,
        gains=gains,
        caches=caches,
        months=months,
    )


def show(console: Console, figures: Figures) -> None:
    """Prints one table."""
    machine = figures.machine
    caption = f"{machine.processor}, {machine.cores} cores"
    table = Table("", "figure", "claimed or aimed at", title="riskengine at scale", caption=caption)
    for part in (_instances, _groups, _gains, _caches, _months):
        for row in part(figures):
            table.add_row(*row)
        table.add_section()
    console.print(table)


def _instances(figures: Figures) -> Iterator[Row]:
    for one in figures.instances:
        yield f"{one.layout}: TPS, single · batch", f"{one.single_tps:,} · {one.batch_tps:,}", ""
        yield "  CPU of a transaction, µs", f"{one.single_cpu_us:,} · {one.batch_cpu_us:,}", "flat"


def _groups(figures: Figures) -> Iterator[Row]:
    for size, rate in figures.gains.group_rows_per_s.items():
        yield f"rows a second stored, groups of {size:,}", f"{rate:,}", ""


def _gains(figures: Figures) -> Iterator[Row]:
    for name, gain in figures.gains.gains.items():
        yield f"{name}, µs", f"{gain.without_us:,} -> {gain.with_us:,}: -{gain.saved:.0%}", f"-{gain.claimed:.0%}"
    for one in figures.months.gains:
        yield f"{one.what}, ms", f"{one.without_ms:,} -> {one.with_ms:,}: -{one.less:.0f}%", ""


def _caches(figures: Figures) -> Iterator[Row]:
    for one in figures.caches:
        yield f"cache of {one.kind}, hits of {one.requests:,}", f"{one.rate:.1%}", f"{one.target:.0%}"


def _months(figures: Figures) -> Iterator[Row]:
    for one in figures.months.reads:
        by_id, page = one.by_id, one.newest_of_account
        yield f"{one.rows:,} rows: by id, p50 · p99, ms", f"{by_id.p50:.2f} · {by_id.p99:.2f}", "flat within 1.5"
        yield "  an account's newest page, p50 · p99, ms", f"{page.p50:.2f} · {page.p99:.2f}", "flat within 1.5"
