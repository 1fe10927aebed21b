"""`riskengine demo`: everything at once, for a first look."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from riskengine import logs
from riskengine.client.requests import Requests
from riskengine.demo import demonstration, invitation, sample
from riskengine.demo.demonstration import Findings
from riskengine.demo.sample import Sample
from riskengine.stack import ports
from riskengine.stack.errors import StackError
from riskengine.stack.stack import Stack
from riskengine.storage import api_keys
from riskengine.storage.api_keys import Scope
from riskengine.storage.database import Database

_MOST = 32  # processes of a kind: beyond that one machine gains nothing
_USUAL_PORT = 8080
_INTERRUPTED = 130  # as shells report Ctrl-C


def command(
    *,
    transactions: Annotated[int, typer.Option(min=1, help="How many transactions to send.")] = 20_000,
    api: Annotated[int, typer.Option(min=1, max=_MOST, help="API processes behind the balancer.")] = 2,
    workers: Annotated[int, typer.Option(min=1, max=_MOST, help="Workers that score and decide.")] = 2,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help=f"Port of the API; if not given, {_USUAL_PORT}, or any that is free."),
    ] = None,
    leave: Annotated[bool, typer.Option("--exit", help="Stop when done, instead of serving until Ctrl-C.")] = False,
    data: Annotated[
        Path | None, typer.Option(help="Send the transactions of this .csv, .jsonl or .parquet file instead.")
    ] = None,
) -> None:
    """Start everything in a temporary directory, send it transactions, and watch them being decided.

    The transactions are from public data sets in ../shared/data if they are there, and from the simulator. With --exit
    the exit code is 0 only if everything was accepted, and has exactly one decision in PostgreSQL.
    """
    logs.configure("warning", "console")
    console = Console(highlight=False)
    findings: Findings | None = None
    with suppress(KeyboardInterrupt):
        with console.status("Preparing transactions"):
            chosen = sample.take(transactions, data)
        console.print(f"{len(chosen.submissions):,} transactions to send: {chosen.source}", soft_wrap=True)
        with _running(Stack(api=api, workers=workers, port=port or _usual_port()), console) as stack:
            key = asyncio.run(_key(stack, "ingest", "read"))
            findings = asyncio.run(_demonstrate(stack, key, chosen, console))
            if not leave:
                invitation.show(console, stack.url, key)
                console.print("Serving until Ctrl-C.")
                signal.pause()
    raise typer.Exit(_INTERRUPTED if findings is None else int(not findings.sound))


@contextmanager
def _running(stack: Stack, console: Console) -> Iterator[Stack]:
    """The stack, up while the block lasts; says what is going on."""
    with ExitStack() as running:
        with console.status("Starting PostgreSQL, Valkey, the API behind a load balancer, and workers"):
            running.enter_context(stack)
        names = ", ".join(process.name for process in stack.processes)
        console.print(f"Running at {stack.url}: {names}", soft_wrap=True)
        yield stack


def _usual_port() -> int | None:
    try:
        return ports.claim(_USUAL_PORT, "the API")
    except StackError:
        return None


async def _key(stack: Stack, *scopes: Scope) -> str:
    """A new API key."""
    database = await Database.connect(stack.database_url, idle=1, most=1, name="riskengine-demo")
    try:
        return await api_keys.create(database, "demo", scopes)
    finally:
        await database.close()


async def _demonstrate(stack: Stack, key: str, chosen: Sample, console: Console) -> Findings:
    database = await Database.connect(stack.database_url, idle=1, most=3, name="riskengine-demo")
    try:
        to, admin = (Requests(ports.LOOPBACK, stack.balancer.port, one) for one in (key, await _key(stack, "admin")))
        return await demonstration.run(to, admin, database, chosen, console)
    finally:
        await database.close()
