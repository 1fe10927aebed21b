"""Where an axis has numbers, and how they read."""

import math
from collections.abc import Sequence

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, _HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY)
_SHORTEST_S = 0.1


def of_time(end_s: float, most: int) -> Sequence[float]:
    """Seconds from 0 to the end: at most so many, at round times."""
    fitting = (step for step in _STEPS_S if end_s / step < most)
    shortest = _SHORTEST_S if end_s < 1 else next(fitting, math.ceil(end_s / most / _DAY) * _DAY)
    return [number * shortest for number in range(int(end_s / shortest + 1e-9) + 1)]


def of_values(top: float, most: int, *, whole: bool = False) -> Sequence[float]:
    """Values from 0 to the first that is not below the top: round ones, about so many; `whole` numbers, if asked."""
    if top <= 0:
        return [0.0, 1.0]
    power = 10.0 ** math.floor(math.log10(top / most))
    step = next(part * power for part in (1, 2, 2.5, 5, 10, 20) if top / (part * power) <= most)
    step = math.ceil(step) if whole else step
    return [number * step for number in range(math.ceil(top / step - 1e-9) + 1)]


def time(seconds: float) -> str:
    """A moment in words: `90 s`, `5 min`, `2 h`, `1 d`."""
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s" if seconds else "0"


def clock(seconds: float) -> str:
    """A moment as hours, minutes and seconds: `1:02:05`, or `2:05` below an hour."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def number(value: float) -> str:
    """A value in few characters: `2.5k`, `1.2M`."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"
