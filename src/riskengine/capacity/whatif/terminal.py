"""A course as text, for a terminal."""

from collections.abc import Sequence
from typing import Any

import msgspec
import plotext
from rich.console import Console
from rich.table import Table

from riskengine.capacity.whatif import ticks
from riskengine.capacity.whatif.course import Course, What
from riskengine.capacity.whatif.summary import Summary

_FINE = "braille"

WIDTH, HEIGHT = 100, 11
"""Characters of a plot at most, and lines of each."""

HAPPENINGS = 40
"""Lines about what happened, at most; --json has all."""

FAILED = "!"
"""What marks the moment of a failure, at the top of a plot."""


class _Line(msgspec.Struct, frozen=True):
    """A series, with its colour and the character that it is drawn with: there may be no colours."""

    name: str
    colour: str
    marker: str
    values: Sequence[float]
    is_rare: bool = False
    """Whether only what is above 0 is worth a mark."""


def show(console: Console, course: Course, summary: Summary) -> None:
    """Prints plots, what happened, and the figures."""
    colourless = not console.is_terminal
    for text in plots(course, min(WIDTH, console.width), colourless=colourless):
        console.file.write(text + "\n")
    if course.happenings:
        console.print(_happenings(course))
        if (more := len(course.happenings) - HAPPENINGS) > 0:
            console.print(f"and {more} more, which --json writes down")
    console.print(_figures(summary))


def plots(course: Course, width: int, *, colourless: bool) -> list[str]:
    """The plots, of so many characters: what waits, what comes and goes, how long it takes, who works."""
    moments = course.moments
    parts = {
        "accepted and not decided, transactions": [_Line("", "blue+", _FINE, [m.depth for m in moments])],
        "a second": [
            _Line("offered", "gray", "·", [m.offered_per_s for m in moments]),
            _Line("decided", "green", _FINE, [m.decided_per_s for m in moments]),
            _Line("refused", "red", "x", [m.refused_per_s for m in moments], is_rare=True),
        ],
        "age of the oldest undecided, s": [_Line("", "orange", _FINE, [m.lag_s for m in moments])],
        "processes at work": [
            _Line("API", "gray", "·", [m.api for m in moments]),
            _Line("workers", "green", _FINE, [m.worker for m in moments]),
        ],
    }
    times = [moment.at_s for moment in moments]
    failures = [one.at_s for one in course.happenings if one.what is What.FAILURE]
    return [_plot(title, times, lines, failures, width=width, colourless=colourless) for title, lines in parts.items()]


def _plot(
    title: str,
    times: Sequence[float],
    lines: Sequence[_Line],
    failures: Sequence[float],
    *,
    width: int,
    colourless: bool,
) -> str:
    figure: Any = plotext.figure
    figure.clear()
    figure.plot_size(width, HEIGHT)
    figure.theme("colorless" if colourless else "simple")
    figure.title(": ".join(filter(None, (title, ", ".join(_key(line) for line in lines if line.name)))))
    across = ticks.of_time(times[-1], 8)
    whole = all(isinstance(value, int) for line in lines for value in line.values)
    up = ticks.of_values(max(max(line.values) for line in lines), 4, whole=whole)
    for line in lines:
        kept = [pair for pair in zip(times, line.values, strict=True) if pair[1] > 0 or not line.is_rare]
        if kept:
            signal = figure.signal(*map(list, zip(*kept, strict=True)), marker=plotext.marker(line.marker, line.colour))
            figure.draw(signal.lines(not line.is_rare))
    if failures:
        figure.draw(figure.signal(list(failures), [up[-1]] * len(failures), marker=plotext.marker(FAILED, "red")))
    figure.ruler(0, 0).ticks(list(across), [ticks.time(at_s) for at_s in across])
    figure.ruler(0, 0).lim(0, times[-1])
    figure.ruler(1, 0).ticks(list(up), [ticks.number(value) for value in up])
    figure.ruler(1, 0).lim(0, up[-1])
    text = figure.build().string()
    return str(plotext.uncolorize(text) if colourless else text).rstrip()


def _key(line: _Line) -> str:
    return f"{line.name} {'⠒' if line.marker == _FINE else line.marker}"


def _happenings(course: Course) -> Table:
    table = Table("after", "what", "why", title="What happened")
    for one in course.happenings[:HAPPENINGS]:
        table.add_row(ticks.clock(one.at_s), one.told, one.reason)
    return table


def _figures(summary: Summary) -> Table:
    table = Table("", "figure", title="What came of it")
    drained = "not until the end" if summary.drain_s is None else f"{summary.drain_s:,.0f} s"
    rows = [
        (
            "accepted · refused · decided",
            " · ".join(f"{n:,.0f}" for n in (summary.accepted, summary.refused, summary.decided)),
        ),
        ("deepest queue", f"{summary.peak_depth:,.0f} after {ticks.clock(summary.peak_depth_at_s)}"),
        ("oldest that waited", f"{summary.peak_lag_s:,.1f} s, after {ticks.clock(summary.peak_lag_at_s)}"),
        ("from the deepest to nothing piled up", drained),
        ("accepted to decided, p95 at its worst", f"{summary.worst_p95_s:,.2f} s"),
        (f"decided later than {summary.late_after_s:g} s", f"{summary.late:,.0f}"),
    ]
    if summary.cost:
        rows.append(("cost", f"{summary.cost:,.2f} {summary.currency}"))
    for words, value in rows:
        table.add_row(words, value)
    return table
