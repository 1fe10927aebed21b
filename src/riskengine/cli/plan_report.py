"""How a plan is shown: figures with their reasons, offers, and the specification's table."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from riskengine.capacity.figure import Figure
from riskengine.capacity.offers import Offer
from riskengine.capacity.plan import Plan
from riskengine.capacity.prices import Prices
from riskengine.capacity.specified import SPECIFIED


def show(console: Console, plan: Plan, offered: Sequence[Offer], prices: Prices) -> None:
    """Prints the plan, then what it costs where."""
    demand, machine = plan.demand, plan.machine
    console.print(
        f"[bold]{demand.tps:,g} transactions a second, {demand.at_peak:,g} at peak[/bold]: {demand.mix}; "
        f"{demand.retention_months} months kept, processors used at {demand.utilisation:.0%}"
    )
    console.print(
        f"Calibrated on {machine.processor}, {machine.cores} cores, {plan.taken_at}; its own check missed by "
        f"{plan.error:.0%}: take every figure as that uncertain, at least\n"
    )
    table = Table("", "figure", "", "because", box=None, header_style="bold", padding=(0, 1))
    for name, figure in _figures(plan):
        table.add_row(name, written(figure), figure.unit, figure.because)
    console.print(table)
    for caution in plan.cautions:
        console.print(f"[yellow]{caution}[/yellow]")
    show_offers(console, offered, prices)


def show_offers(console: Console, offered: Sequence[Offer], prices: Prices) -> None:
    """Prints what each cloud has for it, the cheapest of each part."""
    console.print(f"\n[bold]USD a month[/bold], list prices of {prices.noted}: {prices.source}")
    table = Table("cloud", "USD", "of which", box=None, header_style="bold", padding=(0, 1))
    for offer in offered:
        choices = [f"{choice.part} {choice.count} × {choice.tier}: {choice.usd:,.0f}" for choice in offer.choices]
        lacking = [f"[yellow]cannot hold it: {words}[/yellow]" for words in offer.lacking]
        total = "none" if offer.usd is None else f"{offer.usd:,.0f}"
        table.add_row(offer.cloud, total, "\n".join([*lacking, *choices]))
    console.print(table)


def show_specified(console: Console, plans: Sequence[Plan]) -> None:
    """Prints the specification's scenarios as they are computed, beside what it said itself."""
    table = Table(
        "scenario", "TPS", "API", "said", "workers", "said", "connections", "said", box=None, header_style="bold"
    )
    for said, plan in zip(SPECIFIED, plans, strict=True):
        row = (plan.api, said.api, plan.workers, said.workers, plan.connections, said.connections)
        table.add_row(said.name, f"{said.tps:g}", *(f"{_value(one):,.0f}" for one in row))
    console.print(table)
    console.print("`said` is the specification's own figure, of another engine on another machine.")


def written(figure: Figure) -> str:
    """The value, with as many digits as it can mean."""
    return f"{figure.value:,.0f}" if figure.value >= 100 or figure.value == int(figure.value) else f"{figure.value:.2g}"


def _value(one: Figure | int) -> float:
    return one.value if isinstance(one, Figure) else one


def _figures(plan: Plan) -> Iterator[tuple[str, Figure]]:
    for field in plan.__struct_fields__:
        value = getattr(plan, field)
        if isinstance(value, Figure):
            yield _NAMES[field], value


_NAMES = {
    "api": "API",
    "workers": "workers",
    "api_cores": "cores of API",
    "worker_cores": "cores of workers",
    "balancer_cores": "cores of the balancer",
    "postgresql_cores": "cores of PostgreSQL",
    "valkey_cores": "cores of Valkey",
    "connections": "PostgreSQL: at most",
    "max_connections": "PostgreSQL: allow",
    "masters": "Valkey",
    "stream_partitions": "stream",
    "queue_limit": "queue",
    "redis_memory_mb": "memory of Valkey",
    "disk_gb_day": "disk, a day",
    "disk_gb_month": "disk, a month",
    "disk_gb": "disk, at retention",
    "wal_gb_day": "WAL, a day",
    "network_mbit": "network",
}
