"""Figures in words, as reasons of actions have them."""

from riskengine.operations.signals import DEFINITIONS, Condition, Signal

_TITLES = {
    Signal.QUEUE_DEPTH: "queue depth",
    Signal.QUEUE_LAG: "age of the oldest message",
    Signal.API_P95: "95th percentile of answers",
    Signal.API_CPU: "processor use of API processes",
    Signal.API_MEMORY: "memory of the largest API process",
    Signal.API_REQUESTS: "requests under way in an API process",
    Signal.WORKER_CPU: "processor use of workers",
    Signal.WORKER_MEMORY: "memory of the largest worker",
    Signal.ERROR_RATE: "requests answered with 5xx",
    Signal.DATABASE_CONNECTIONS: "PostgreSQL's connections in use",
    Signal.ACCEPTED_RATE: "accepted",
    Signal.DECIDED_RATE: "decided",
    Signal.BREAKERS: "worst breaker",
}
_UNITS = {"1": " %", "s": " s", "messages": " messages", "requests": " requests", "1/s": "/s", "state": ""}
_LONG_S = 120.0
"""From here on minutes say it better than seconds."""


def title(signal: Signal) -> str:
    """What a signal is called in a sentence."""
    return _TITLES[signal]


def figure(signal: Signal, value: float) -> str:
    """A value of a signal with its unit: `1 832 messages`, `34 %`."""
    unit = DEFINITIONS[signal].unit
    number = value * 100 if unit == "1" else value
    digits = 0 if number == round(number) or number >= 100 else 1 if number >= 10 else 2 if number >= 1 else 3
    text = f"{number:,.{digits}f}".replace(",", " ")
    return (text.rstrip("0").rstrip(".") if digits else text) + _UNITS[unit]


def duration(seconds: float) -> str:
    """So long: `45 s`, `5 min`, `31 min`; what is left of a minute is not told."""
    return f"{seconds:.3g} s" if seconds < _LONG_S else f"{int(seconds // 60)} min"


def met(condition: Condition, value: float, held_s: float) -> str:
    """That a condition has held: `queue depth 1 832 messages above 1 000 for 5 min`."""
    beyond = figure(condition.signal, condition.threshold).removesuffix(_UNITS[DEFINITIONS[condition.signal].unit])
    return (
        f"{title(condition.signal)} {figure(condition.signal, value)} {'below' if condition.below else 'above'} "
        f"{beyond} for {duration(held_s)}"
    )
