"""The live display of the demonstration: a picture that changes on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import msgspec
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from riskengine.demo.journal import Journal, percentiles
from riskengine.domain.outcome import Level

LINE_EVERY_S = 2.0
"""Seconds between two lines where there is no terminal."""

RECENT = 2000
"""Requests whose latency is shown: the latest."""

COLOURS = {Level.LOW: "green", Level.MEDIUM: "yellow", Level.HIGH: "dark_orange", Level.CRITICAL: "red"}


class Moment(msgspec.Struct, frozen=True):
    """How things stand. `rate` is decisions a second from the start until now, latencies are of late and in ms."""

    total: int
    sent: int
    accepted: int
    decided: int
    rate: float
    p50: float
    p95: float
    levels: dict[Level, int]

    @classmethod
    def of(cls, journal: Journal, levels: dict[Level, int], seconds: float) -> "Moment":
        """The state of a journal and of the decisions after so many seconds."""
        p50, p95 = percentiles(journal.singles[-RECENT:], 0.50, 0.95)
        decided = sum(levels.values())
        accepted = len(journal.accepted)
        return cls(journal.total, journal.sent, accepted, decided, decided / seconds, p50 * 1e3, p95 * 1e3, levels)


class Display(Protocol):
    """Shows moments."""

    def show(self, moment: Moment) -> None:
        """Shows how things stand now."""


@contextmanager
def display(console: Console) -> Iterator[Display]:
    """The display that fits the console, for as long as the block lasts."""
    if console.is_terminal:
        with Live(console=console, refresh_per_second=4) as live:
            yield Picture(live)
    else:
        yield Lines(console)


class Picture:
    """Redraws bars and figures in place."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, moment: Moment) -> None:
        self._live.update(Group(_bars(moment), _figures(moment), _levels(moment)))


class Lines:
    """Prints a line every LINE_EVERY_S seconds, and when all is decided."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next = time.monotonic()

    def show(self, moment: Moment) -> None:
        if time.monotonic() < self._next and moment.decided < moment.total:
            return
        self._next = time.monotonic() + LINE_EVERY_S
        levels = ", ".join(f"{level} {count:,}" for level, count in moment.levels.items())
        self._console.print(
            f"sent {moment.sent:,}, accepted {moment.accepted:,}, decided {moment.decided:,} of {moment.total:,}; "
            f"{moment.rate:,.0f} a second; latency p50 {moment.p50:.1f} ms, p95 {moment.p95:.1f} ms; {levels}",
            soft_wrap=True,
        )


def _bars(moment: Moment) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    for name in ("sent", "accepted", "decided"):
        count = getattr(moment, name)
        grid.add_row(name, ProgressBar(total=moment.total, completed=count, width=40), f"{count:,} of {moment.total:,}")
    return grid


def _figures(moment: Moment) -> str:
    return (
        f"\n[bold]{moment.rate:,.0f}[/bold] decisions a second    "
        f"latency of a request: p50 [bold]{moment.p50:.1f}[/bold] ms, p95 [bold]{moment.p95:.1f}[/bold] ms\n"
    )


def _levels(moment: Moment) -> RenderableType:
    most = max(1, *moment.levels.values())
    grid = Table.grid(padding=(0, 2))
    for level, count in moment.levels.items():
        bar = ProgressBar(
            total=most, completed=count, width=40, complete_style=COLOURS[level], finished_style=COLOURS[level]
        )
        grid.add_row(f"[{COLOURS[level]}]{level}", bar, f"{count:,}")
    return grid
