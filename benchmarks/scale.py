"""`python -m benchmarks.scale`: how it scales on this machine, in one run."""

import argparse
import tempfile
from pathlib import Path

import msgspec
import uvloop
from rich.console import Console

from benchmarks import gains, instances, scale_figures, traffic
from benchmarks.gains import Gains
from benchmarks.traffic import Traffic
from riskengine import logs
from riskengine.pipeline import starters
from riskengine.stack.postgres import Postgres

LATEST = Path(__file__).with_name("scale.json")

QUICK_LAYOUTS = (instances.LAYOUTS[0],)
"""One is enough to show that everything runs."""


def main() -> None:
    """Runs everything, prints the table and writes the figures."""
    arguments = _arguments()
    logs.configure("warning", "console")
    console = Console(highlight=False)
    size = instances.QUICK if arguments.quick else instances.FULL
    layouts = QUICK_LAYOUTS if arguments.quick else instances.LAYOUTS
    with console.status("Reading rows") as status:
        rows = traffic.take(size.rows)
        run = instances.measure(rows, size, layouts, status.update)
        status.update("What pooling, batches and prepared statements save")
        saved = _gains(rows, gains.QUICK_TURNS if arguments.quick else gains.TURNS)
    found = scale_figures.of(run, saved, source=rows.source, quick=arguments.quick)
    scale_figures.show(console, found)
    arguments.output.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    console.print(f"The figures are in {arguments.output}", soft_wrap=True)


def _gains(rows: Traffic, turns: int) -> Gains:
    with tempfile.TemporaryDirectory(prefix="riskengine-bench-") as directory:
        server = Postgres(Path(directory))
        server.start()
        try:
            uvloop.run(starters.prepare(server.url()))
            return uvloop.run(gains.measure(server.url(), rows.submissions, turns))
        finally:
            server.stop()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds only: shows that everything runs")
    parser.add_argument("--output", type=Path, default=LATEST, metavar="FILE", help="where to write the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
