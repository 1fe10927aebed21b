"""`riskengine top`: how the engine is, at a glance, and again every other second."""

import asyncio
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from riskengine.cli.top_view import View
from riskengine.operations.board import Board
from riskengine.operations.looking import Looker, PrometheusLooker, StackLooker, UrlLooker
from riskengine.stack.interruption import like_ctrl_c


def command(
    *,
    data_dir: Annotated[Path, typer.Option(help="Where `riskengine up` keeps everything.")] = Path(".riskengine"),
    prometheus: Annotated[str, typer.Option(help="Ask this Prometheus instead, which scrapes all processes.")] = "",
    url: Annotated[
        list[str] | None,
        typer.Option(
            help="Look at these metrics instead: an address for each process, such as http://host:8000/metrics."
        ),
    ] = None,
    every: Annotated[float, typer.Option(min=0.2, max=60, help="Seconds from look to look.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Look twice, print what there is, and end.")] = False,
) -> None:
    """Watch the engine: rates, latencies, queue, processes, breakers, caches, pools, and which alerts hold.

    Ends with q or Ctrl-C. Where nothing is to be seen it says why, and tries on; with --once the exit code is then 1.
    """
    console, looker = Console(highlight=False), _looker(data_dir, prometheus, url or [])
    if once:
        raise typer.Exit(asyncio.run(_once(console, Board(looker), every)))
    with suppress(KeyboardInterrupt), like_ctrl_c():
        asyncio.run(_watch(console, Board(looker), every))


def _looker(data_dir: Path, prometheus: str, urls: list[str]) -> Looker:
    if urls:
        return UrlLooker(urls)
    return PrometheusLooker(prometheus) if prometheus else StackLooker(data_dir)


async def _once(console: Console, board: Board, every: float) -> int:
    """Prints one picture, with rates of between two looks. Returns the exit code."""
    await board.look()
    await asyncio.sleep(every)
    picture = await board.look()
    console.print(View(picture))
    return 0 if picture.fault is None else 1


async def _watch(console: Console, board: Board, every: float) -> None:
    """Draws picture after picture: in place on a terminal, elsewhere one below the other."""
    leave = asyncio.Event()
    if not console.is_terminal:
        while True:
            console.print(View(await board.look()))
            await asyncio.sleep(every)
    with _keys(leave), Live(console=console, screen=True, auto_refresh=False) as live:
        while not leave.is_set():
            live.update(View(await board.look()), refresh=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(leave.wait(), every)


@contextmanager
def _keys(leave: asyncio.Event) -> Iterator[None]:
    """Sets the event at a q, as long as the block lasts; then the terminal is as it was."""
    if not sys.stdin.isatty():
        yield
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    loop = asyncio.get_running_loop()

    def read() -> None:
        if sys.stdin.read(1) in ("q", "Q", ""):
            leave.set()

    tty.setcbreak(terminal)
    loop.add_reader(terminal, read)
    try:
        yield
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
