"""`riskengine chaos`: what the engine promises, tried on a stack of its own in which everything fails."""

import asyncio
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from riskengine import logs
from riskengine.chaos import keeping, kinds, report, schedule
from riskengine.chaos.kinds import Kind
from riskengine.chaos.options import Options
from riskengine.chaos.play import Outcome, play
from riskengine.chaos.stage import stage

_INTERRUPTED = 130  # as shells report Ctrl-C
_SEEDS = 1_000_000


def command(
    *,
    minutes: Annotated[float, typer.Option(min=0.2, help="How long load and faults last.")] = 10.0,
    seed: Annotated[int | None, typer.Option(help="What all chance comes from; if not given, a new one.")] = None,
    faults: Annotated[str, typer.Option(help="Only these kinds, by comma; `kill` is all that begin so.")] = "",
    rate: Annotated[float, typer.Option(min=1, max=5000, help="Payments a second.")] = 100.0,
    keep: Annotated[Path | None, typer.Option(help="Keep logs, schedule, measurements and findings there.")] = None,
) -> None:
    """Start an own stack, send it payments, let everything fail, and audit what came of it.

    Processes are killed and frozen, connections cut, servers emptied and filled up, clocks stepped. Afterwards every
    payment that was answered for must be decided exactly once, and everything else that is promised must hold. The exit
    code is 1 if anything is violated. Nothing but its own processes is touched.
    """
    logs.configure("error", "console")
    console = Console(highlight=False)
    options = Options(
        minutes=minutes,
        seed=random.SystemRandom().randrange(_SEEDS) if seed is None else seed,
        faults=tuple(filter(None, faults.split(","))),
        rate=rate,
        keep=keep,
    )
    chosen = kinds.chosen(options.faults)
    outcome: Outcome | None = None
    with suppress(KeyboardInterrupt), _directory(options) as directory:
        outcome = _run(options, chosen, directory, console)
    if outcome is not None and not outcome.findings.sound:
        console.print(f"[bold red]Violated.[/bold red] To repeat it: {options.command}", soft_wrap=True)
    raise typer.Exit(_INTERRUPTED if outcome is None else int(not outcome.findings.sound))


def _run(options: Options, chosen: Sequence[Kind], directory: Path, console: Console) -> Outcome:
    """One run in the directory."""
    console.print(f"Seed {options.seed}. To repeat it: {options.command}", soft_wrap=True)
    with ExitStack() as running:
        with console.status("Starting PostgreSQL, Valkey, API processes, workers, and ways between them that can fail"):
            ready = running.enter_context(stage(directory, options))
        if ready.disk is None:
            chosen = [kind for kind in chosen if not kind.needs_disk]
            console.print(f"PostgreSQL's disk will not be full: {ready.without_disk}", soft_wrap=True)
        plan = schedule.draw(chosen, options.seconds, options.seed)
        console.print(f"{len(plan)} faults in {options.minutes:g} minutes, at {options.rate:g} payments a second")
        try:
            outcome = asyncio.run(play(ready, options, plan, partial(report.show_event, console), console.print))
        finally:
            if options.keep is not None and ready.disk is not None:  # its log is on the disk that goes away
                shutil.copy(ready.stack.postgres.process.program.log, directory)
    report.show(console, outcome)
    if options.keep is not None:
        console.print(f"Kept in {keeping.keep(directory, options, plan, outcome)}", soft_wrap=True)
    return outcome


@contextmanager
def _directory(options: Options) -> Iterator[Path]:
    """Where a run works: what is to be kept stays."""
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        yield options.keep.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="riskengine-chaos-") as directory:
        yield Path(directory)
