"""The run as a picture of characters: what was accepted, decided and waiting over time, and the faults below."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from rich.text import Text

from riskengine.chaos.conductor import Event
from riskengine.chaos.meter import Sample

LABEL = 26
"""Characters of a row's name and largest value, before the plot."""

_BLOCKS = " ▁▂▃▄▅▆▇█"
_UNKNOWN = "·"
_MEGABYTE = 1 << 20


def draw(samples: Sequence[Sample], events: Sequence[Event], width: int) -> Text:
    """The picture, `width` characters wide. A dot stands for what nobody could say at that time."""
    columns = max(10, width - LABEL)
    seconds = max((sample.at_s for sample in samples), default=0.0) + 1.0
    scale = seconds / columns
    picture = Text()
    for name, style, of in _ROWS:
        values = [of(before, now) for before, now in pairwise(samples)]
        cells = _cells([sample.at_s for sample in samples[1:]], values, columns, scale)
        known = [value for value in cells if value is not None]
        most = max(known, default=0.0)
        picture.append(f"{name:<16}{most:>8,.0f}  ")
        picture.append("".join(_block(value, most) for value in cells) + "\n", style)
    picture.append(" " * LABEL + _axis(columns, scale) + "\n", "dim")
    for event in sorted(events, key=lambda event: event.from_s):
        first, last = int(event.from_s / scale), int(event.until_s / scale)
        label = event.name[: LABEL - 2]
        picture.append(f"{label:<{LABEL}}" + " " * first)
        bar = "█" * max(1, min(last, columns - 1) - first + 1)
        picture.append(bar, "red" if not event.healed else "yellow")
        picture.append("\n")
    return picture


def _rate(of: Callable[[Sample], int | None]) -> Callable[[Sample, Sample], float | None]:
    """How fast a count grows, a second."""

    def rate(before: Sample, now: Sample) -> float | None:
        was, is_ = of(before), of(now)
        if was is None or is_ is None or now.at_s <= before.at_s:
            return None
        return max(0, is_ - was) / (now.at_s - before.at_s)

    return rate


_ROWS: tuple[tuple[str, str, Callable[[Sample, Sample], float | None]], ...] = (
    ("accepted/s", "green", _rate(lambda sample: sample.accepted)),
    ("decided/s", "green", _rate(lambda sample: sample.decided)),
    ("no answer yet", "cyan", lambda _, now: now.outstanding),
    ("pending", "cyan", lambda _, now: now.pending),
    ("stream", "cyan", lambda _, now: now.depth),
    ("MB, our largest", "magenta", lambda _, now: _largest(now)),
    ("MB, Valkey", "magenta", lambda _, now: now.memory["valkey"] / _MEGABYTE if "valkey" in now.memory else None),
)


def _largest(sample: Sample) -> float | None:
    ours = [size for name, size in sample.memory.items() if name != "valkey"]
    return max(ours) / _MEGABYTE if ours else None


def _cells(times: Sequence[float], values: Sequence[float | None], columns: int, scale: float) -> list[float | None]:
    """The largest value of each column; of one without any sample, that of the column before (of the first, after)."""
    cells: list[float | None] = [None] * columns
    met = [False] * columns
    for at_s, value in zip(times, values, strict=True):
        column = min(int(at_s / scale), columns - 1)
        met[column] = True
        if value is not None:
            cells[column] = max(value, cells[column] or 0.0)
    first = met.index(True) if any(met) else 0
    cells[:first] = [cells[first]] * first
    for column in range(first + 1, columns):
        if not met[column]:
            cells[column] = cells[column - 1]
    return cells


def _block(value: float | None, most: float) -> str:
    if value is None:
        return _UNKNOWN
    return _BLOCKS[0 if value <= 0 or most <= 0 else max(1, round(value / most * (len(_BLOCKS) - 1)))]


def _axis(columns: int, scale: float) -> str:
    """The seconds, at every fifteenth character or so."""
    axis = ""
    for column in range(0, columns, 15):
        axis += f"|{column * scale:<14.0f}"
    return axis[:columns]
