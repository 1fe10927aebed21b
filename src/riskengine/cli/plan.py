"""`riskengine plan`: what a load needs, and what that costs."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from riskengine.capacity import deployment
from riskengine.capacity.calibration import Calibration
from riskengine.capacity.demand import HEADROOM, OUTAGE_MINUTES, Demand
from riskengine.capacity.mix import Mix
from riskengine.capacity.offers import offers
from riskengine.capacity.plan import Plan, plan
from riskengine.capacity.prices import Prices
from riskengine.capacity.specified import SPECIFIED
from riskengine.capacity.values import Values
from riskengine.cli import plan_report
from riskengine.settings import RETENTION_MONTHS


def command(
    *,
    tps: Annotated[float | None, typer.Option(help="Transactions a second, day and night.", show_default=False)] = None,
    peak: Annotated[float | None, typer.Option(help="At peak; if not given, the same.", show_default=False)] = None,
    retention: Annotated[int, typer.Option(help="Months that stay in PostgreSQL.")] = RETENTION_MONTHS,
    accounts: Annotated[
        int | None,
        typer.Option(help="Accounts remembered in Valkey; if not given, all that pay in a day.", show_default=False),
    ] = None,
    mix: Annotated[
        str, typer.Option(help="`single`, `batch`, `decisions`, or shares: single=0.7,batch=0.2,decisions=0.1.")
    ] = "single",
    headroom: Annotated[float, typer.Option(help="The share of each processor that is free at peak.")] = HEADROOM,
    outage: Annotated[float, typer.Option(help="Minutes without workers that the queue holds.")] = OUTAGE_MINUTES,
    calibration: Annotated[Path, typer.Option(help="What `riskengine calibrate` wrote.")] = Path("calibration.json"),
    prices: Annotated[Path | None, typer.Option(help="Your own prices, in place of the shipped ones.")] = None,
    table: Annotated[bool, typer.Option("--table", help="The specification's 50, 200, 500 and 1000 TPS.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    values: Annotated[
        Path | None, typer.Option(help="Write values of the chart and of compose into this directory.")
    ] = None,
) -> None:
    """Compute what a load needs, from what a transaction costs here: processes, servers, memory, disk, and a price.

    Measure first: `riskengine calibrate`. Each figure says why it is that.
    """
    measured, shape = Calibration.read(calibration), (retention, accounts, Mix.parse(mix), headroom, outage)
    if table:
        plans = [plan(Demand(said.tps, None, *shape), measured) for said in SPECIFIED]
        plan_report.show_specified(_console(), plans)
        return
    if tps is None:
        raise typer.BadParameter("say how many transactions a second, or ask for the `--table`", param_hint="--tps")
    known = Prices.shipped() if prices is None else Prices.read(prices)
    found = plan(Demand(tps, peak, *shape), measured)
    _answer(found, known, as_json)
    if values is not None:
        _write(found, values)


def _answer(found: Plan, prices: Prices, as_json: bool) -> None:
    offered = offers(found, prices)
    if as_json:
        answer = {"plan": found, "values": Values.of(found), "offers": offered, "prices_noted": prices.noted}
        typer.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))
    else:
        plan_report.show(_console(), found, offered, prices)


def _write(found: Plan, directory: Path) -> None:
    """Says where it wrote apart from the answer, which may be read by a program."""
    written = deployment.write(Values.of(found), directory)
    _console(stderr=True).print(f"Written: {written[0]}, {written[1]}")


def _console(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False, soft_wrap=True)
