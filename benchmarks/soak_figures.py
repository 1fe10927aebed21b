"""What a soak showed: memory of each process and latency by minute, and the lines through them."""

import csv
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Machine
from riskengine.demo.journal import percentiles

THRESHOLD_CROSSED = 99
"""The exit code of k6 when all ran and a threshold was crossed."""

WARM_UP = 0.2
"""Share of the run that no line is drawn through: caches fill, pools and PostgreSQL's processes come."""

FLAT_SHARE, FLAT_MB = 0.05, 5.0
"""How much more memory than its mean a process may have at the end of its line than at the beginning, the larger of
both: a page here and there that an allocator keeps is no leak; one of 100 bytes a request would be 5 MB in 20 minutes.
"""

FLAT_MS = 20.0
"""Milliseconds by which the line through p95 may rise: a tenth of the time that it may take at all."""

WINDOWS = 6
"""The fewest windows of latency, however short the run; otherwise each is a minute."""

_KEEPERS = ("postgres", "valkey")
"""These keep what is sent, for ever or for 31 days: they are shown with what a transaction adds, and not judged."""

_SCENARIO = "customers"


class Look(msgspec.Struct, frozen=True):
    """Megabytes of each process, so many seconds after the beginning."""

    after_s: float
    mb: Mapping[str, float]


class Answer(msgspec.Struct, frozen=True):
    """When a request was answered (seconds since the epoch), and how many milliseconds it took."""

    at_s: float
    ms: float


class Window(msgspec.Struct, frozen=True):
    """The latency of those answered in a window, which begins so many minutes after the first."""

    minute: float
    requests: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


class Line(msgspec.Struct, frozen=True):
    """A fitted line: its mean, how much it rises an hour, and how much it rose from its beginning to its end."""

    mean: float
    per_hour: float
    rise: float


class Soak(msgspec.Struct, frozen=True, kw_only=True):
    """Memory in MB, latency in ms. `passed` is whether k6 found all its thresholds kept, `said` its summary."""

    date: str
    machine: Machine
    minutes: float
    rate: int
    requests: int
    passed: bool
    memory: Mapping[str, Line]
    p95: Line
    windows: Sequence[Window]
    looks: Sequence[Look]
    said: Sequence[str]

    @property
    def faults(self) -> list[str]:
        """What did not stay as it was, or failed, in words."""
        found = [
            f"{name} grew by {line.rise:.1f} MB"
            for name, line in self.memory.items()
            if not _keeps(name) and line.rise > max(FLAT_MB, FLAT_SHARE * line.mean)
        ]
        if self.p95.rise > FLAT_MS:
            found.append(f"p95 rose by {self.p95.rise:.1f} ms")
        return found if self.passed else [*found, "k6 found a threshold crossed: see what it said"]


def answers(points: Path) -> list[Answer]:
    """The requests of customers in what k6 wrote."""
    with points.open(newline="") as lines:
        return [
            Answer(float(row["timestamp"]), float(row["metric_value"]))
            for row in csv.DictReader(lines)
            if row["metric_name"] == "http_req_duration" and row["scenario"] == _SCENARIO
        ]


def of(looks: Sequence[Look], given: Sequence[Answer], *, minutes: float, rate: int, passed: bool, said: str) -> Soak:
    """The figures, and the lines through those after the warm-up."""
    warm = [look for look in looks if look.after_s >= WARM_UP * minutes * 60]
    windows = _windows(given, minutes)
    settled = [window for window in windows if window.minute >= WARM_UP * minutes]
    times = [look.after_s / 60 for look in warm]
    names = sorted(set.intersection(*(set(look.mb) for look in warm)))
    return Soak(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=Machine.here(),
        minutes=minutes,
        rate=rate,
        requests=len(given),
        passed=passed,
        memory={name: line(times, [look.mb[name] for look in warm]) for name in names},
        p95=line([window.minute for window in settled], [window.p95_ms for window in settled]),
        windows=windows,
        looks=looks,
        said=said.splitlines(),
    )


def line(minutes: Sequence[float], values: Sequence[float]) -> Line:
    """The line of least squares through values at those minutes."""
    slope = statistics.linear_regression(minutes, values).slope
    return Line(
        mean=round(statistics.fmean(values), 2),
        per_hour=round(slope * 60, 2),
        rise=round(slope * (minutes[-1] - minutes[0]), 2),
    )


def show(console: Console, soak: Soak) -> None:
    """Prints the tables and the verdict."""
    console.print(f"{soak.requests:,} requests in {soak.minutes:g} minutes, {soak.rate} customers a second")
    memory = Table("process", "MB", "MB an hour", "rise, MB", box=None, header_style="bold")
    for name, fitted in soak.memory.items():
        memory.add_row(name, f"{fitted.mean:.1f}", f"{fitted.per_hour:+.2f}", f"{fitted.rise:+.2f}")
    console.print(memory)
    latency = Table("minute", "requests", "p50, ms", "p95, ms", "p99, ms", box=None, header_style="bold")
    for window in soak.windows:
        figures = (window.p50_ms, window.p95_ms, window.p99_ms)
        latency.add_row(f"{window.minute:g}", f"{window.requests:,}", *(f"{figure:.1f}" for figure in figures))
    console.print(latency)
    console.print(f"p95: {soak.p95.mean:.1f} ms, {soak.p95.per_hour:+.1f} ms an hour, rise {soak.p95.rise:+.1f} ms")
    for fault in soak.faults:
        console.print(f"[red]{fault}")
    if not soak.faults:
        console.print("[green]memory and latency stayed as they were, and nothing failed")


def _windows(given: Sequence[Answer], minutes: float) -> list[Window]:
    """The latency by minute, or by a part of the run if that is short; a rest at the end belongs to the last window."""
    length = min(1.0, minutes / WINDOWS)
    edges = [number * length for number in range(max(WINDOWS, int(minutes / length)) + 1)]
    begun = min(answer.at_s for answer in given)
    by_window: dict[int, list[float]] = defaultdict(list)
    for answer in given:
        by_window[min(int((answer.at_s - begun) / 60 / length), len(edges) - 2)].append(answer.ms)
    found = []
    for number, (start, _) in enumerate(pairwise(edges)):
        if times := by_window[number]:
            p50, p95, p99 = (round(value, 2) for value in percentiles(times, 0.5, 0.95, 0.99))
            found.append(Window(round(start, 2), len(times), p50, p95, p99))
    return found


def _keeps(name: str) -> bool:
    return name.startswith(_KEEPERS)
