"""`riskengine calibrate`: what a transaction costs on this machine."""

import asyncio
import importlib
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer
import uvloop
from dotenv import dotenv_values
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from riskengine import logs
from riskengine.cli import calibrate_report
from riskengine.cli.connecting import connect
from riskengine.domain.errors import ConfigurationError
from riskengine.pipeline import starters
from riskengine.stack import lock, scaling
from riskengine.stack.stack import Stack
from riskengine.storage import engine_copy, migrate
from riskengine.storage.database import Database
from riskengine.storage.engine_copy import EngineCopy

LEAST_S, MOST_S = 10.0, 600.0
"""Seconds: with fewer, runs are as short as they can be all the same; with more, nothing is won."""

USUAL_DIRECTORY = Path(".riskengine")
"""Where `riskengine up` keeps everything, if nothing else is said."""

_INTERRUPTED = 130  # as shells report Ctrl-C
_NAME = "riskengine-calibrate"


def command(
    *,
    output: Annotated[Path, typer.Option(help="Where to write what was measured.")] = Path("calibration.json"),
    seconds: Annotated[float, typer.Option(min=LEAST_S, max=MOST_S, help="How long it may take, about.")] = 60.0,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            help="Take rules, features, rates, lists and model from the stack that runs there; if not given, from the "
            "one in .riskengine, else from DATABASE_URL, else those that are shipped.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Measure for about a minute what a transaction costs on this machine, with your rules and model.

    It starts a stack of its own in a temporary directory, and loads nothing else: what runs in your database is only
    read. `riskengine plan` computes with what it finds. The machine should do nothing else meanwhile.
    """
    logs.configure("error", "console")
    console = Console(highlight=False, soft_wrap=True)
    if not output.parent.is_dir():
        raise ConfigurationError(f"there is no directory {output.parent}: make it, or choose another --output")
    calibrating = _calibrating()
    copy = asyncio.run(_taken(data_dir))
    console.print(_told(copy))
    finished = False
    with suppress(KeyboardInterrupt), _progress(console, len(calibrating.STEPS) + 1) as say:
        say("Starting PostgreSQL, Valkey, the API and its balancer")
        with Stack(api=1, workers=0, prepare=_preparing(copy)) as stack:
            found = uvloop.run(calibrating.calibrate(stack, seconds, say))
        finished = True
    if not finished:
        raise typer.Exit(_INTERRUPTED)
    found.calibration.write(output)
    calibrate_report.show(console, found)
    console.print(f"Written: {output}. Now: riskengine plan --tps 500 --calibration {output}")


def _calibrating() -> ModuleType:
    """What measures. Raises ConfigurationError where its packages are missing."""
    try:
        return importlib.import_module("riskengine.capacity.calibrating")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed here, and calibrating needs the servers that come with it: "
            "pip install 'riskengine[embedded]'"
        ) from error


async def _taken(data_dir: Path | None) -> EngineCopy | None:
    """What runs where the user works; None if there is nothing, and what is shipped is to be measured."""
    directory = data_dir or _usual_directory()
    if directory is not None:
        scaling.present(directory)
        url = dotenv_values(directory / "env")["DATABASE_URL"]
        database = await Database.connect(str(url), idle=1, most=1, name=_NAME)
    elif "DATABASE_URL" in {**dotenv_values(".env"), **os.environ}:
        database = await connect(_NAME)
    else:
        return None
    try:
        return await engine_copy.take(database)
    finally:
        await database.close()


def _usual_directory() -> Path | None:
    """Where `riskengine up` keeps everything, if one works there."""
    return USUAL_DIRECTORY if USUAL_DIRECTORY.is_dir() and lock.held(USUAL_DIRECTORY) else None


def _told(copy: EngineCopy | None) -> str:
    if copy is None:
        return "Measuring the rules and features that are shipped: no stack runs here, and DATABASE_URL is not set"
    runs = copy.runs
    model = "no model" if runs.model is None else f"model {runs.model}"
    return (
        f"Measuring what runs in your database: rule set {runs.ruleset}, catalogue {runs.catalogue}, "
        f"rates {runs.rates}, lists {runs.lists}, {model}"
    )


def _preparing(copy: EngineCopy | None) -> Callable[[str], Coroutine[Any, Any, None]]:
    """How the database of the calibrating stack is made ready."""
    if copy is None:
        return starters.prepare
    taken = copy

    async def prepare(url: str) -> None:
        await migrate.upgrade(url)
        database = await Database.connect(url, idle=1, most=1, name=_NAME)
        try:
            await engine_copy.put(taken, database)
        finally:
            await database.close()

    return prepare


@contextmanager
def _progress(console: Console, steps: int) -> Iterator[Callable[[str], None]]:
    """A bar while the block lasts; what it yields is told what begins."""
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=steps, completed=-1)

        def say(step: str) -> None:
            progress.update(task, advance=1, description=step)

        yield say
