"""How `riskengine top` draws what it sees, on whatever width the terminal has."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from riskengine.operations.alert import Severity
from riskengine.operations.board import Picture
from riskengine.operations.frame import SHARES, Frame, Process
from riskengine.operations.signals import DEFINITIONS, Signal
from riskengine.operations.watchlist import Ended, Holding

WIDE = 96
"""Characters of a line from which on there are two columns."""

MOST_PROCESSES = 16
"""Rows of processes; of the others it says how many there are."""

_BARS = "▁▂▃▄▅▆▇█"
_STATES = (Text("closed", "green"), Text("half-open", "yellow"), Text("open", "bold red"))
_COLOURS = {Severity.CRITICAL: "red", Severity.WARNING: "yellow", Severity.SCALING: "cyan"}
_UNKNOWN = "–"

Value = TypeVar("Value")


class View:
    """A picture, to be drawn."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        picture, frame = self._picture, self._picture.frame
        yield _head(picture)
        if frame is not None:
            left = [_flow(picture, frame), _latencies(frame), _alerts(picture)]
            right = [_processes(frame.processes, picture.away), _parts(frame)]
            if options.max_width >= WIDE:
                columns = Table.grid(expand=True, padding=(0, 1))
                columns.add_column(ratio=1)
                columns.add_column(ratio=1)
                columns.add_row(Group(*left), Group(*right))
                yield columns
            else:
                yield from (*left, *right)


def _head(picture: Picture) -> RenderableType:
    title = Text.assemble(("riskengine top", "bold"), f"  {picture.where}")
    if picture.fault is not None:
        return Group(title, Text(f"away: {picture.fault}; trying on", "bold red"))
    return title


def _flow(picture: Picture, frame: Frame) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_row("accepted", _rate(frame.accepted), Text(spark(picture.accepted), "cyan"))
    grid.add_row("decided", _rate(frame.decided), Text(spark(picture.decided), "green"))
    for outcome, rate in sorted(frame.outcomes.items()):
        grid.add_row(f"  {outcome}", _rate(rate))
    depth, lag = frame.signals.get(Signal.QUEUE_DEPTH), frame.signals.get(Signal.QUEUE_LAG)
    grid.add_row("queue", _count(depth), Text(f"the oldest {_seconds(lag)} old"))
    letters = Text(f"{frame.dead_letters:,}", "bold red" if frame.dead_letters else "")
    grid.add_row("dead letters", letters, "since the processes began")
    return _panel("transactions a second", grid)


def _latencies(frame: Frame) -> RenderableType:
    table = Table("", *(f"p{share * 100:g}" for share in SHARES), box=None, header_style="dim", padding=(0, 2, 0, 0))
    for name, found in (("request", frame.requests), ("accepted → decided", frame.decisions)):
        table.add_row(name, *(_seconds(found.get(share)) for share in SHARES))
    return _panel("latency", table)


def _alerts(picture: Picture) -> RenderableType:
    lines: list[RenderableType] = [_holding(one) for one in picture.holding]
    if not any(one.alerts for one in picture.holding):
        lines.insert(0, Text("no alert", "green"))
    if picture.over:
        lines.append(Text("over", "dim"))
        lines += [_ended(one) for one in picture.over]
    return _panel("alerts", Group(*lines))


def _holding(one: Holding) -> Text:
    watched, condition = one.watched, one.watched.condition
    unit = DEFINITIONS[condition.signal].unit
    sign = "<" if condition.below else ">"
    style = f"bold {_COLOURS[watched.severity]}" if one.alerts else "dim"
    since = _span(one.since_s) if one.alerts else f"{_span(one.since_s)} of {_span(condition.hold_s)}"
    figures = f"{_figure(one.value, unit)} {sign} {_figure(condition.threshold, unit)}"
    return Text.assemble((watched.name, style), f" {figures}, for {since}")


def _ended(one: Ended) -> Text:
    return Text(f"{one.watched.name} held {_span(one.held_s)}, until {_span(one.ago_s)} ago", "dim")


def _processes(processes: Sequence[Process], away: Sequence[str]) -> RenderableType:
    table = Table("process", "CPU", "memory", box=None, header_style="dim", padding=(0, 2, 0, 0))
    for one in processes[:MOST_PROCESSES]:
        memory = _UNKNOWN if one.memory is None else f"{one.memory / 2**20:.0f} MiB"
        name = one.name if one.role is None or one.name.startswith(one.role) else f"{one.role} {one.name}"
        table.add_row(Text(name), _UNKNOWN if one.cpu is None else f"{one.cpu:.0%}", memory)
    if len(processes) > MOST_PROCESSES:
        table.add_row(f"and {len(processes) - MOST_PROCESSES} more", "", "")
    for name in away:
        table.add_row(Text(name, "red"), Text("does not answer", "red"), "")
    return _panel("processes", table)


def _parts(frame: Frame) -> RenderableType:
    share = frame.signals.get(Signal.DATABASE_CONNECTIONS)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("breakers", _list(frame.breakers, lambda state: _STATES[state]))
    grid.add_row("cache hits", _list(frame.hits, lambda share: Text(f"{share:.0%}")))
    grid.add_row("pools", _list(frame.pools, lambda pool: Text(f"{pool.used} of {pool.most} used")))
    grid.add_row("connections", f"{_UNKNOWN if share is None else f'{share:.0%}'} of PostgreSQL's")
    grid.add_row("runs", _list({kind: _of(kind, found) for kind, found in frame.versions.items()}, _versions))
    return _panel("parts", grid)


def _list(values: Mapping[Any, Value], word: Callable[[Value], Text]) -> Text:
    """`name word, name word`."""
    words = [Text.assemble(str(name), " ", word(value)) for name, value in values.items()]
    return Text(", ").join(words) if words else Text(_UNKNOWN)


def _of(kind: str, versions: Sequence[int]) -> list[str]:
    """In words; there need not be a model."""
    return ["none" if kind == "model" and not version else str(version) for version in versions]


def _versions(versions: Sequence[str]) -> Text:
    """More than one is worth a look: processes differ."""
    text = " and ".join(versions)
    return Text(text, "yellow" if len(versions) > 1 else "")


def _panel(title: str, content: RenderableType) -> Panel:
    return Panel(content, title=title, title_align="left", border_style="dim")


def spark(values: Sequence[float]) -> str:
    """The values as bars, the largest of them as the highest; nothing is a lowest bar."""
    most = max(values, default=0.0)
    return "".join(_BARS[round(value / most * (len(_BARS) - 1))] if most > 0 else _BARS[0] for value in values)


def _rate(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:,.1f}"


def _count(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:,.0f}"


def _seconds(value: float | None) -> str:
    """A time as short as it can be said."""
    if value is None:
        return _UNKNOWN
    return f"{value * 1e3:.1f} ms" if value < 1 else f"{value:.1f} s"


def _span(seconds: float) -> str:
    """`40 s`, `5 min`, `2 h`."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length or seconds == length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _figure(value: float, unit: str) -> str:
    """A value in the unit of its signal."""
    match unit:
        case "1":
            return f"{value:.0%}"
        case "s":
            return _seconds(value)
        case _:
            return f"{value:,.0f}"
