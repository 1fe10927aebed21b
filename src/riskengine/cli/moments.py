"""Times as they are typed: a moment, or how long from now, or ago."""

import re
from datetime import datetime

import typer

from riskengine.domain import clock

_SPAN = re.compile(r"([0-9]{1,6})(m|h|d)", re.ASCII)
_UNITS = {"m": clock.MINUTE, "h": clock.HOUR, "d": clock.DAY}

_MOMENT = "RFC 3339 with an offset, such as 2026-01-31T12:00:00Z"
WANTED = f"{_MOMENT}, or from now: 30m, 12h, 7d"
WANTED_PAST = f"{_MOMENT}, or how long ago: 30m, 12h, 7d"


def read(option: str, text: str) -> int:
    """The moment, in milliseconds since the epoch. Raises BadParameter, which names the option."""
    return _read(option, text, 1, WANTED)


def read_past(option: str, text: str) -> int:
    """The same, where how long means how long ago."""
    return _read(option, text, -1, WANTED_PAST)


def _read(option: str, text: str, direction: int, wanted: str) -> int:
    span = _SPAN.fullmatch(text)
    if span:
        return clock.now_ms() + direction * int(span[1]) * _UNITS[span[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise typer.BadParameter(f"give a time as {wanted}", param_hint=option)
    return clock.to_ms(moment)
