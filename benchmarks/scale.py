"""`python -m benchmarks.scale`: how it scales on this machine, in one run."""

import argparse
import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import uvloop
from rich.console import Console

from benchmarks import caches, gains, instances, month_page, months, scale_figures, traffic
from benchmarks.gains import Gains
from benchmarks.month_page import Months
from benchmarks.scale_figures import Figures
from benchmarks.traffic import Traffic
from riskengine import logs
from riskengine.pipeline import starters
from riskengine.stack.postgres import Postgres

LATEST = Path(__file__).with_name("scale.json")

QUICK_LAYOUTS = (instances.LAYOUTS[0],)
"""One is enough to show that everything runs."""

QUICK_LOAD_S = 20
"""Seconds of the load on the cache that show that everything runs."""


def main() -> None:
    """Runs everything, prints the table and writes the figures."""
    arguments = _arguments()
    logs.configure("error", "console")
    console = Console(highlight=False)
    with console.status("Reading rows") as status:
        found = _measure(arguments, console, status.update)
    scale_figures.show(console, found)
    arguments.output.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    if arguments.page is not None:
        arguments.page.write_text(month_page.page(found.months))
    console.print(f"The figures are in {arguments.output}", soft_wrap=True)


def _measure(arguments: argparse.Namespace, console: Console, say: Callable[[str], None]) -> Figures:
    quick = arguments.quick
    size = instances.QUICK if quick else instances.FULL
    rows = traffic.take(size.rows)
    run = instances.measure(rows, size, QUICK_LAYOUTS if quick else instances.LAYOUTS, say)
    say("What pooling, batches and prepared statements save")
    saved = _gains(rows, gains.QUICK_TURNS if quick else gains.TURNS)
    say("The cache under the standard load")
    rates = caches.run(QUICK_LOAD_S if quick else caches.SECONDS)
    say("Months of transactions")
    filled = _months(arguments, console)
    return scale_figures.of(run, saved, rates, filled, source=rows.source, quick=quick)


def _gains(rows: Traffic, turns: int) -> Gains:
    with tempfile.TemporaryDirectory(prefix="riskengine-bench-") as directory:
        server = Postgres(Path(directory))
        server.start()
        try:
            uvloop.run(starters.prepare(server.url()))
            return uvloop.run(gains.measure(server.url(), rows.submissions, turns))
        finally:
            server.stop()


def _months(arguments: argparse.Namespace, console: Console) -> Months:
    sizes = months.QUICK if arguments.quick else months.sizes(arguments.rows)
    reads = months.QUICK_READS if arguments.quick else months.READS
    with tempfile.TemporaryDirectory(prefix="riskengine-months-") as directory:
        return asyncio.run(months.run(arguments.keep or Path(directory), sizes, reads, console))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds only: shows that everything runs")
    parser.add_argument("--output", type=Path, default=LATEST, metavar="FILE", help="where to write the figures")
    parser.add_argument("--page", type=Path, metavar="FILE", help="where to write the page of statements")
    parser.add_argument("--rows", type=int, default=months.ROWS, help="transactions, in 12 months (1 GB a million)")
    parser.add_argument("--keep", type=Path, help="directory in which the months stay, to be measured on again")
    return parser.parse_args()


if __name__ == "__main__":
    main()
