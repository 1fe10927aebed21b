"""`riskengine doctor`: is all that the engine stands on as it must be?"""

import asyncio
from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from riskengine.doctor.examination import examine
from riskengine.doctor.finding import Finding, Level
from riskengine.doctor.patient import Patient
from riskengine.settings import surroundings

_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


def command() -> None:
    """Look at the settings, PostgreSQL, what it holds, its replicas and connections, Valkey, and the processes.

    Nothing is changed. Settings come from the environment or .env, as those of the processes do. The exit code is 1 if
    something fails.
    """
    findings = asyncio.run(_look())
    show(Console(highlight=False), findings)
    if any(finding.level is Level.FAIL for finding in findings):
        raise typer.Exit(1)


def show(console: Console, findings: Sequence[Finding]) -> None:
    """Prints a line for each."""
    table = Table("", "check", "what is", "what to do", box=None, header_style="bold")
    for finding in findings:
        level = Text(finding.level, _STYLES[finding.level])
        table.add_row(level, *map(Text, (finding.check, finding.says, finding.todo)))
    console.print(table)


async def _look() -> list[Finding]:
    async with Patient.reached(surroundings()) as patient:
        return await examine(patient)
