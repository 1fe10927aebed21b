"""`riskengine scale`: more or fewer processes in what `riskengine up` runs."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from riskengine.stack import scaling
from riskengine.stack.standing import MOST, Kind, Standing


def command(
    counts: Annotated[
        list[str] | None, typer.Argument(help="What to have: `api=3`, `worker=5`, or both.", show_default=False)
    ] = None,
    data_dir: Annotated[Path, typer.Option(help="Where `riskengine up` keeps everything.")] = Path(".riskengine"),
) -> None:
    """Have more or fewer API processes and workers in the stack that `riskengine up` runs, and wait for them.

    Without counts, show what there is. New API processes get requests once they are ready; those that leave get no
    more, finish what they have, and end. The counts hold until the stack is stopped.
    """
    console = Console(highlight=False, soft_wrap=True)
    wanted = _parsed(counts or [])
    if wanted:
        shown = scaling.scale(
            data_dir, api=wanted.get(Kind.API), worker=wanted.get(Kind.WORKER), watch=_Progress(console)
        )
    else:
        shown = scaling.present(data_dir)
        console.print(_table(shown))
    console.print(f"api={shown.counts.api} worker={shown.counts.worker}")


class _Progress:
    """Prints a line for each instance that is something else than before."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._before: dict[str, str] | None = None

    def __call__(self, standing: Standing) -> None:
        now = {instance.name: str(instance.state) for instance in standing.instances}
        before = now if self._before is None else self._before
        for name in sorted({*before, *now}):
            state = now.get(name, "gone")
            if state != before.get(name):
                self._console.print(f"{name}: {state}")
        self._before = now


def _parsed(counts: list[str]) -> dict[Kind, int]:
    """The count of each kind that was named. Raises BadParameter."""
    wanted: dict[Kind, int] = {}
    for text in counts:
        name, _, number = text.partition("=")
        if name not in list(Kind) or not number.isdecimal():
            raise typer.BadParameter(f"'{text}' is not api=N or worker=N, with N from 1 to {MOST}")
        if Kind(name) in wanted:
            raise typer.BadParameter(f"{name} is there twice: name one count")
        wanted[Kind(name)] = int(number)
    return wanted


def _table(standing: Standing) -> Table:
    table = Table("instance", "state", "process", "port", box=None, header_style="bold")
    for instance in standing.instances:
        table.add_row(instance.name, str(instance.state), str(instance.pid), str(instance.port))
    return table
