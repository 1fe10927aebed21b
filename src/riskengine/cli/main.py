"""The command `riskengine`: a table of commands, each imported only when it is the one that was asked for."""

import importlib
import sys
from importlib import metadata
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from riskengine.domain.errors import InvalidInput, RiskEngineError

_START, _PROCESSES, _DATA = "Start here", "Single processes", "Data and keys"
_DECIDES, _FAILED, _CAPACITY = "What decides", "What failed", "What to buy"

_COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": (_START, "demo", "Start everything, send it transactions, and watch them being decided."),
    "up": (_START, "up", "Run the whole engine on this machine, with its data kept in a directory."),
    "top": (_START, "top", "Watch the engine: rates, latencies, queue, processes, alerts, at a glance."),
    "scale": (_PROCESSES, "scale", "Have more or fewer API processes and workers in what `up` runs."),
    "autoscale": (_PROCESSES, "autoscale", "Have more or fewer of them by themselves, as there is more or less to do."),
    "manifests": (_PROCESSES, "manifests", "Print what KEDA or the HPA of Kubernetes scales by, from the same rules."),
    "api": (_PROCESSES, "api", "Run one API process."),
    "worker": (_PROCESSES, "worker", "Run one worker."),
    "migrate": (_PROCESSES, "migrate", "Bring the database's schema to this version."),
    "rules": (_DECIDES, "rules", "Change the rules: check, compare, publish and roll back rule sets."),
    "features": (_DECIDES, "features", "Change what is known of a transaction: catalogues of features."),
    "rates": (_DECIDES, "rates", "Change the exchange rates."),
    "models": (_DECIDES, "models", "Change the model that has a say in decisions."),
    "lists": (_DECIDES, "lists", "Change the lists: what rules look into, and what acts by itself."),
    "snooze": (_DECIDES, "snooze", "Silence a rule for one entity, for a while."),
    "explain": (_DECIDES, "explain", "Show a decision with all that led to it."),
    "verify": (_DECIDES, "verify", "Execute stored decisions again, and compare them to the last bit."),
    "dlq": (_FAILED, "dlq", "See dead letters, which nobody could decide; replay or discard them."),
    "doctor": (_FAILED, "doctor", "Look at everything the engine stands on, and say what to do."),
    "alerts": (
        _FAILED,
        "alerts",
        "Write what operators are to be told of: rules for Prometheus, dashboards for Grafana.",
    ),
    "histories": (_FAILED, "histories", "Make again what scoring remembers of accounts."),
    "rollups": (_FAILED, "rollups", "Check what analytics are read from against all decisions, or make it anew."),
    "chaos": (_FAILED, "chaos", "Let everything fail on a stack of its own, and audit what came of it."),
    "score": (_DATA, "score", "Decide the transactions of a file offline, without any server."),
    "import": (_DATA, "importing", "Import the transactions of a file as history into the database."),
    "simulate": (_DATA, "simulate", "Make up labelled transactions: normal customers, and attacks among them."),
    "partitions": (_DATA, "partitions", "See, make, archive, restore, drop and query the months of the data."),
    "keys": (_DATA, "keys", "Create, list, limit and revoke API keys."),
    "calibrate": (
        _CAPACITY,
        "calibrate",
        "Measure what a transaction costs here, with your rules and model.",
    ),
    "plan": (_CAPACITY, "plan", "Compute what a load needs, from what was measured here, and what that costs."),
    "whatif": (_CAPACITY, "whatif", "Play a spike, a day or an outage through, by what a transaction costs."),
}
"""Name of a command -> its group in the help, its module in this package, and what it does."""


class _Commands(TyperGroup):
    """Shows all commands from the table; imports a command's module to run it."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
        if cmd_name not in _COMMANDS:
            return None
        group, _, summary = _COMMANDS[cmd_name]
        return TyperCommand(cmd_name, help=summary, rich_help_panel=group)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, shown, rest = super().resolve_command(ctx, args)
        return name, shown and _load(str(name)), rest


def _load(name: str) -> Any:
    module = importlib.import_module(f"riskengine.cli.{_COMMANDS[name][1]}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False)
        app.command(name)(module.command)
    return get_command(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"riskengine {metadata.version('riskengine')}")
        raise typer.Exit


app = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def _main(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    """Decides in milliseconds whether a payment is approved, reviewed or declined."""


def run() -> None:
    """Runs the command of this process's arguments. What riskengine itself refuses is one message and exit code 2."""
    try:
        app()
    except RiskEngineError as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"riskengine: {error}", style="red", markup=False)
        for field in error.fields if isinstance(error, InvalidInput) else ():
            console.print(f"  {field.path}: {field.message}", style="red", markup=False)
        sys.exit(2)
