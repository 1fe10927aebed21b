"""`python -m benchmarks`: all figures of this machine, in one run."""

import argparse
from pathlib import Path

import msgspec
import uvloop
from rich.console import Console
from rich.status import Status

from benchmarks import ages, course, figures, ground, peers, report, scoring, traffic
from benchmarks.course import Course, Decisions, EndToEnd, Scale
from benchmarks.figures import Measured
from benchmarks.traffic import Traffic
from riskengine import logs

LATEST = Path(__file__).with_name("latest.json")

SIMULATED_ROWS = 60_000
"""Simulated rows for scoring alone: they have all fields, which the real ones do not."""

QUICK_REPETITIONS = 1
"""Of what is timed in this process."""


def main() -> None:
    """Runs everything, prints the table and writes the figures."""
    arguments = _arguments()
    logs.configure("warning", "console")
    console = Console(highlight=False)
    scale = course.QUICK if arguments.quick else course.FULL
    with console.status("Reading rows") as status:
        rows = traffic.take(scale.rows)
        measured = _measure(rows, scale, status, arguments.quick)
    found = figures.of(measured, source=rows.source, rows=len(rows.submissions), quick=arguments.quick)
    report.show(console, found)
    arguments.output.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    console.print(f"The figures are in {arguments.output}", soft_wrap=True)


def _measure(rows: Traffic, scale: Scale, status: Status, quick: bool) -> Measured:
    fewer = {"repetitions": QUICK_REPETITIONS} if quick else {}
    status.update("Scoring alone: 20 rules and 200")
    cost = scoring.measure(rows.submissions, **fewer)
    status.update("The same on simulated rows")
    simulated = scoring.measure(traffic.simulated(min(scale.rows, SIMULATED_ROWS)).submissions, **fewer)
    status.update("Scoring alone: old accounts and busy ones")
    curve = ages.measure(rows.submissions, **fewer)
    status.update("Rules alone: ours and those of others")
    comparison = peers.measure(rows.submissions, **fewer)
    status.update("The engine: single requests, batches, decisions")
    with ground.engine() as stack:
        single, batch, decisions = uvloop.run(course.run(stack, rows, scale, _engine))
    status.update("The same rows with constant scoring: single requests, batches")
    with ground.raw() as stack:
        raw_single, raw_batch = uvloop.run(course.run(stack, rows, scale, _raw))
    return Measured(cost, simulated, curve, comparison, single, batch, decisions, raw_single, raw_batch)


async def _engine(runs: Course) -> tuple[EndToEnd, EndToEnd, Decisions]:
    """Latencies come first: PostgreSQL tidies up for a while after the tens of thousands of rows of the other runs."""
    decisions = await runs.decisions()
    return await runs.singles(), await runs.batches(), decisions


async def _raw(runs: Course) -> tuple[EndToEnd, EndToEnd]:
    return await runs.singles(), await runs.batches()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds only: shows that everything runs")
    parser.add_argument("--output", type=Path, default=LATEST, metavar="FILE", help="where to write the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
