"""A progress bar for commands that go through many rows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

STRIDE = 200
"""Rows between two movements of the bar: moving it costs more than scoring a row."""

T = TypeVar("T")


class _Rate(ProgressColumn):
    """Rows a second, of late."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} rows/s" if task.speed else "", style="progress.data.speed")


@contextmanager
def counting(console: Console, description: str, total: int) -> Iterator[Callable[[T], T]]:
    """Shows a bar while the block lasts. The function given moves it by one, and hands back what it is called with."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task(description, total=total)
        done = 0

        def advance(one: T) -> T:
            nonlocal done
            done += 1
            if done % STRIDE == 0:
                progress.update(task, completed=done)
            return one

        yield advance
        progress.update(task, completed=done, total=done)


@contextmanager
def stages(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Shows a bar for each stage of a work, while the block lasts. The function given is told what, done and total."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=done, total=total)

        yield show
