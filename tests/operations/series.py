"""Time series for `promtool test rules`, told as what is so for how long."""

from collections.abc import Mapping, Sequence

import msgspec

EVERY_S = 15
"""Seconds between two scrapes, and two evaluations."""

_COUNTERS = ("_total", "_bucket", "_sum", "_count")

Levels = Mapping[str, float | None]
"""What is so: of a gauge its value, of a counter its growth a second; None, or left out: there is no such series."""


class Phase(msgspec.Struct, frozen=True):
    """What is so for a number of seconds."""

    lasts_s: int
    levels: Levels


def inputs(phases: Sequence[Phase], begins_at: float = 0) -> list[dict[str, str]]:
    """The series as promtool reads them. Counters begin at `begins_at`, and anew whenever they were away."""
    names = dict.fromkeys(name for phase in phases for name in phase.levels)
    return [{"series": name, "values": " ".join(_values(name, phases, begins_at))} for name in names]


def _values(name: str, phases: Sequence[Phase], begins_at: float) -> list[str]:
    found, was, counted = [], False, begins_at
    counter = name.partition("{")[0].endswith(_COUNTERS)
    for phase in phases:
        level = phase.levels.get(name)
        for _ in range(phase.lasts_s // EVERY_S):
            if level is None:
                found.append("stale" if was else "_")
                was, counted = False, begins_at
                continue
            found.append(f"{counted:.10g}" if counter else f"{level:g}")
            counted += level * EVERY_S if counter else 0
            was = True
    return found
