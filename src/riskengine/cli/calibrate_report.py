"""How a calibration is shown: what a transaction costs and leaves, and how well that predicts a run."""

from rich.console import Console
from rich.table import Table

from riskengine.capacity.calibrating import Findings
from riskengine.capacity.calibration import Calibration

_PARTS = {
    "API": "api_us",
    "worker": "worker_us",
    "PostgreSQL": "postgresql_us",
    "Valkey": "valkey_us",
    "balancer": "balancer_us",
    "together": "total_us",
}


def show(console: Console, found: Findings) -> None:
    """Prints all of it."""
    calibration, machine = found.calibration, found.calibration.machine
    console.print(
        f"[bold]{machine.processor}, {machine.cores} cores, {machine.memory_gb:g} GB[/bold], {machine.system}"
    )
    _show_costs(console, calibration)
    _show_rates(console, calibration)
    _show_check(console, found)


def _show_costs(console: Console, calibration: Calibration) -> None:
    table = Table("a transaction costs, µs of CPU", box=None, header_style="bold")
    kinds = {"sent singly": calibration.singles, "in batches": calibration.batches, "decided": calibration.decisions}
    for name in kinds:
        table.add_column(name, justify="right")
    for name, field in _PARTS.items():
        table.add_row(name, *(f"{getattr(costs, field):,.0f}" for costs in kinds.values()))
    console.print(table)


def _show_rates(console: Console, calibration: Calibration) -> None:
    service, sizes = calibration.service, calibration.sizes
    table = Table("", "", box=None, show_header=False)
    rows = {
        "one API process takes, singly": f"{calibration.api_tps:,.0f} a second",
        "one worker decides": f"{service.tps:,.0f} a second",
        "its time": f"{service.batch_ms:.2f} ms a batch, and {service.transaction_ms:.3f} ms a transaction",
        "on disk, in WAL": f"{sizes.disk:,.0f}, {sizes.wal:,.0f} bytes a transaction",
        "that waits in the queue": f"{sizes.queued:,.0f} bytes",
        "history of an account": f"{sizes.history:,.0f} bytes, and {sizes.history_event:,.0f} an event",
        "cached decision": f"{sizes.cached_decision:,.0f} bytes",
        "moved beside PostgreSQL": f"{sizes.network:,.0f} bytes a transaction",
        "resident, API and worker": f"{sizes.api_rss / 2**20:,.0f}, {sizes.worker_rss / 2**20:,.0f} MiB",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    console.print(table)


def _show_check(console: Console, found: Findings) -> None:
    check, predicted = found.check, found.check.predicted
    table = Table(f"check: {check.mix}", box=None, header_style="bold")
    for name in ("predicted", "measured", "missed by"):
        table.add_column(name, justify="right")
    cpu, tps = (f"{predicted.cpu_us:,.0f}", f"{check.cpu_us:,.0f}"), (f"{predicted.tps:,.0f}", f"{check.tps:,.0f}")
    table.add_row("µs of CPU a transaction", *cpu, f"{check.cpu_error:.0%}")
    table.add_row(f"a second ({predicted.limit} full)", *tps, f"{check.tps_error:.0%}")
    console.print(table)
    others = found.calibration.machine.cores - check.cores
    if others > _BUSY * found.calibration.machine.cores:
        console.print(
            f"[yellow]Others used {others:.1f} of {found.calibration.machine.cores} processors meanwhile: calibrate "
            "again when they do not[/yellow]"
        )


_BUSY = 0.15  # the share of a machine that others may use before it is told
