"""`riskengine alerts`: what operators are told of, as rules for Prometheus and as a table."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from riskengine.domain.errors import ConfigurationError
from riskengine.operations import prometheus_rules
from riskengine.operations.alert import Severity
from riskengine.operations.alerts import ALERTS
from riskengine.operations.dashboards.all import DASHBOARDS, file_name, for_grafana

_STYLES = {Severity.CRITICAL: "red", Severity.WARNING: "yellow", Severity.SCALING: "cyan"}

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Rules for Prometheus, dashboards for Grafana.")


@app.command()
def rules(
    *,
    output: Annotated[Path | None, typer.Option(help="The file to write; without it, they are printed.")] = None,
    runbooks: Annotated[
        str | None,
        typer.Option(help="Address below which the pages of docs/alerts lie; each alert then links its page."),
    ] = None,
) -> None:
    """Write all alerts as a file of rules that Prometheus reads."""
    text = prometheus_rules.rules(runbooks)
    if output is None:
        typer.echo(text, nl=False)
        return
    _write(output, text)
    typer.echo(f"{len(ALERTS)} alerts are in {output}; name it in Prometheus's rule_files.")


@app.command("list")
def show() -> None:
    """Show all alerts: how severe, after how long, and what they say."""
    table = Table("alert", "severity", "for", "says", box=None, header_style="bold")
    for alert in ALERTS:
        severity = f"[{_STYLES[alert.severity]}]{alert.severity}"
        table.add_row(alert.name, severity, prometheus_rules.duration(alert.rule.hold_s), alert.summary)
    Console(highlight=False).print(table)


@app.command()
def dashboards(
    *, output: Annotated[Path, typer.Option(help="The directory to write them to; it is made if it is not there.")]
) -> None:
    """Write the dashboards that Grafana imports."""
    for dashboard in DASHBOARDS:
        _write(output / file_name(dashboard), for_grafana(dashboard))
    typer.echo(
        f"{len(DASHBOARDS)} dashboards are in {output}: import them in Grafana, or have it provision that directory."
    )


def _write(path: Path, text: str) -> None:
    """Writes a file, and the directories above it. Raises ConfigurationError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror}): name another place") from error
