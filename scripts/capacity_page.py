"""Writes the figures of docs/capacity.md from benchmarks/capacity.json.

python -m benchmarks.capacity && python scripts/capacity_page.py
"""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from riskengine.capacity.calibrating import Check
from riskengine.capacity.calibration import Calibration
from riskengine.capacity.demand import Demand
from riskengine.capacity.offers import offers
from riskengine.capacity.plan import plan
from riskengine.capacity.prices import Prices
from riskengine.capacity.specified import SPECIFIED
from riskengine.cli import plan_report

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "benchmarks" / "capacity.json"
PAGE = ROOT / "docs" / "capacity.md"

EXAMPLE = Demand(100, 300, 12, 100_000)
"""The plan that the page shows whole."""

WIDTH = 118
"""Characters of a line of the example."""


def main() -> None:
    """Writes these parts of the page anew."""
    PAGE.write_text(page(PAGE.read_text(), msgspec.json.decode(FIGURES.read_bytes())))


def page(text: str, figures: dict[str, Any]) -> str:
    """The page with these figures in place of those it has."""
    found = msgspec.convert(figures["calibration"], Calibration)
    for name, lines in (
        ("costs", _costs(found)),
        ("example", _example(found)),
        ("table", _specified(found)),
        ("error", _errors(figures)),
    ):
        text = _put(text, name, lines)
    return text


PARTS = ("costs", "example", "table", "error")
"""The parts of the page that are written here."""


def _put(text: str, name: str, lines: Iterator[str]) -> str:
    begin, end = f"<!-- {name}: written by scripts/capacity_page.py -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = text.partition(begin)
    return before + begin + "\n" + "\n".join(lines) + "\n" + end + rest.partition(end)[2]


def _costs(found: Calibration) -> Iterator[str]:
    machine, service = found.machine, found.service
    yield f"{machine.processor}, {machine.cores} cores; {found.taken_at[:10]}.\n"
    yield "| a transaction costs, µs of CPU | sent singly | in batches of 100 | decided while one waits |"
    yield "| --- | --- | --- | --- |"
    kinds = (found.singles, found.batches, found.decisions)
    for part, name in (
        ("api_us", "API"),
        ("worker_us", "worker"),
        ("postgresql_us", "PostgreSQL"),
        ("valkey_us", "Valkey"),
        ("balancer_us", "balancer"),
        ("total_us", "together"),
    ):
        yield f"| {name} | " + " | ".join(f"{getattr(costs, part):,.0f}" for costs in kinds) + " |"
    yield ""
    yield (
        f"One API process took {found.api_tps:,.0f} a second singly, one worker decided {service.tps:,.0f} from a full"
        f" queue: {service.batch_ms:.1f} ms a batch and {service.transaction_ms:.2f} ms a transaction."
    )


def _example(found: Calibration) -> Iterator[str]:
    planned, prices = plan(EXAMPLE, found), Prices.shipped()
    written = StringIO()
    console = Console(file=written, width=WIDTH, highlight=False, color_system=None)
    plan_report.show(console, planned, offers(planned, prices), prices)
    yield "```console"
    yield (
        f"$ riskengine plan --tps {EXAMPLE.tps:g} --peak {EXAMPLE.peak:g} --retention {EXAMPLE.retention_months} "
        f"--accounts {EXAMPLE.accounts}"
    )
    yield from (line.rstrip() for line in written.getvalue().splitlines())
    yield "```"


def _specified(found: Calibration) -> Iterator[str]:
    yield "| scenario | TPS | API: computed, said | workers: computed, said | connections: computed, said |"
    yield "| --- | --- | --- | --- | --- |"
    for said in SPECIFIED:
        planned = plan(Demand(said.tps), found)
        yield (
            f"| {said.name} | {said.tps:g} | {planned.api.value:g}, {said.api}"
            f" | {planned.workers.value:g}, {said.workers} | {planned.connections.value:g}, {said.connections} |"
        )


def _errors(figures: dict[str, Any]) -> Iterator[str]:
    checks = msgspec.convert(figures["checks"], tuple[Check, ...])
    yield (
        f"Of {len(checks)} runs the prediction of processor time missed by {figures['cpu_error_median']:.0%} at the"
        f" median, {figures['cpu_error_worst']:.0%} at worst; of transactions a second by"
        f" {figures['tps_error_median']:.0%} and {figures['tps_error_worst']:.0%}.\n"
    )
    yield "| run | processors it could have | µs of CPU: predicted, measured | a second: predicted, measured | full |"
    yield "| --- | --- | --- | --- | --- |"
    for check in checks:
        predicted = check.predicted
        yield (
            f"| {check.layout}: {check.mix} | {check.cores:.2f} | {predicted.cpu_us:,.0f}, {check.cpu_us:,.0f}"
            f" ({check.cpu_error:.0%}) | {predicted.tps:,.0f}, {check.tps:,.0f} ({check.tps_error:.0%})"
            f" | {predicted.limit} |"
        )


if __name__ == "__main__":
    main()
