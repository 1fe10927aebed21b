"""`python -m benchmarks.capacity`: calibrates once, and holds what is predicted against what then is measured."""

import argparse
import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from riskengine import logs
from riskengine.capacity import calibrating
from riskengine.capacity.calibrating import CHECK, Check, Findings
from riskengine.capacity.calibration import Calibration, Machine
from riskengine.capacity.course import Course, EndToEnd
from riskengine.capacity.forecast import Clients, Layout
from riskengine.capacity.measuring import LEAST, Measuring
from riskengine.capacity.mix import Mix
from riskengine.client.requests import Requests
from riskengine.stack import ports
from riskengine.stack.stack import Stack
from riskengine.storage import api_keys
from riskengine.storage.database import Database

LATEST = Path(__file__).with_name("capacity.json")

SINGLES, BATCHES, DECISIONS = Mix(), Mix(0, 1, 0), Mix(0, 0, 1)

RUNS: tuple[tuple[Layout, tuple[Mix, ...]], ...] = (
    (Layout(1, 1), (SINGLES, BATCHES, CHECK)),
    (Layout(2, 2), (SINGLES, BATCHES, DECISIONS, CHECK)),
    (Layout(1, 2), (BATCHES,)),
)
"""On each stack, one mix after the other."""

QUICK_RUNS = ((Layout(1, 1), (SINGLES, BATCHES)),)
"""It shows that everything runs, and no more."""

CALIBRATION_S, RUN_S = 60.0, 8.0
QUICK_CALIBRATION_S, QUICK_RUN_S = 10.0, 1.0
"""Seconds of the calibration, and of a run that it predicts."""

WIDTH = 140
"""Characters of the table: narrower, and nobody can read it."""


class Capacity(msgspec.Struct, frozen=True):
    """The calibration with its own check, and the runs that it predicted. Errors are shares of what was measured."""

    date: str
    machine: Machine
    quick: bool
    calibration: Calibration
    clients: Clients
    checks: tuple[Check, ...]
    cpu_error_median: float
    cpu_error_worst: float
    tps_error_median: float
    tps_error_worst: float


def main() -> None:
    """Runs everything, prints the table and writes the figures."""
    arguments = _arguments()
    logs.configure("error", "console")
    console = Console(highlight=False, width=WIDTH)
    with console.status("") as status:
        found = _measure(arguments.quick, status.update)
    show(console, found)
    arguments.output.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    console.print(f"The figures are in {arguments.output}", soft_wrap=True)


def of(found: Findings, checks: Sequence[Check], *, quick: bool) -> Capacity:
    """All of it, with the errors of all runs, the calibration's own among them."""
    everything = (found.check, *checks)
    cpu, tps = [check.cpu_error for check in everything], [check.tps_error for check in everything]
    return Capacity(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=Machine.here(),
        quick=quick,
        calibration=found.calibration,
        clients=found.clients,
        checks=everything,
        cpu_error_median=statistics.median(cpu),
        cpu_error_worst=max(cpu),
        tps_error_median=statistics.median(tps),
        tps_error_worst=max(tps),
    )


def show(console: Console, found: Capacity) -> None:
    """Prints a line for each run."""
    columns = (
        "run",
        "cores",
        "µs predicted",
        "measured",
        "missed by",
        "TPS predicted",
        "measured",
        "missed by",
        "full",
    )
    table = Table(*columns, box=None, header_style="bold")
    for check in found.checks:
        predicted = check.predicted
        table.add_row(
            f"{check.layout}: {check.mix}",
            f"{check.cores:.2f}",
            *(f"{predicted.cpu_us:,.0f}", f"{check.cpu_us:,.0f}", f"{check.cpu_error:.0%}"),
            *(f"{predicted.tps:,.0f}", f"{check.tps:,.0f}", f"{check.tps_error:.0%}"),
            predicted.limit,
        )
    console.print(table)


def _measure(quick: bool, say: Callable[[str], None]) -> Capacity:
    runs, seconds = (QUICK_RUNS, QUICK_RUN_S) if quick else (RUNS, RUN_S)
    say("Calibrating")
    with Stack(api=1, workers=0) as stack:
        found = uvloop.run(calibrating.calibrate(stack, QUICK_CALIBRATION_S if quick else CALIBRATION_S, say))
    checks: list[Check] = []
    for layout, mixes in runs:
        say(str(layout))
        with Stack(api=layout.api, workers=layout.workers) as stack:
            checks += uvloop.run(_run(stack, found, layout, mixes, seconds))
    return of(found, checks, quick=quick)


async def _run(stack: Stack, found: Findings, layout: Layout, mixes: Sequence[Mix], seconds: float) -> list[Check]:
    database = await Database.connect(stack.database_url, idle=1, most=2, name="riskengine-benchmarks")
    try:
        key = await api_keys.create(database, "benchmarks", ("ingest", "read"))
        to = Requests(ports.LOOPBACK, stack.balancer.port, key)
        measuring = Measuring(stack, Course(database, to, calibrating.rows()))
        rates = await measuring.warm_up()
        rate = {SINGLES: rates.singles, BATCHES: rates.batches, DECISIONS: rates.decisions, CHECK: rates.singles}
        checks = []
        for mix in mixes:
            ran = await _one(measuring, mix, max(LEAST, int(rate[mix] * seconds)))
            checks.append(calibrating.checked(found.calibration, found.clients, mix, layout, ran))
        return checks
    finally:
        await database.close()


async def _one(measuring: Measuring, mix: Mix, count: int) -> EndToEnd:
    if mix == SINGLES:
        return await measuring.singles(count)
    if mix == BATCHES:
        return await measuring.batches(count)
    if mix == DECISIONS:
        return await measuring.decisions(count)
    return await measuring.mixed(mix, count)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds only: shows that everything runs")
    parser.add_argument("--output", type=Path, default=LATEST, metavar="FILE", help="where to write the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
