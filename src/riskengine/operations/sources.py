"""Where signals are read from: the processes of an embedded stack, or a Prometheus that scrapes them."""

import asyncio
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from riskengine.operations import scrapes
from riskengine.operations.errors import ReadError
from riskengine.operations.exposition import parse
from riskengine.operations.fetching import fetch
from riskengine.operations.scrapes import Look, Scrape
from riskengine.operations.signals import DEFINITIONS, Signal
from riskengine.stack import ports, scaling
from riskengine.stack.standing import Instance, State

WINDOW_S = 60.0
"""Seconds over which rates are at most: as in the expressions for Prometheus."""

SCRAPE_TIMEOUT_S = 2.0
"""For a process of this machine to show its metrics, which takes milliseconds unless it hangs."""

QUERY_TIMEOUT_S = 10.0
"""For Prometheus to compute an expression over a minute."""


class Reading(msgspec.Struct, frozen=True):
    """The signals that are known at a moment, and the names of processes that should have told, and did not."""

    signals: Mapping[Signal, float]
    away: tuple[str, ...] = ()


class Source(Protocol):
    """Tells the signals, again and again."""

    async def read(self) -> Reading:
        """The signals now. Raises a RiskEngineError that says why if nothing can be known."""


class StackSource:
    """Looks at the processes of the embedded stack in a directory. What is a rate is known from the second look on.

    Rates are over the last `window_s` seconds of looks, or over the last two looks if these are further apart.
    """

    def __init__(self, directory: Path, window_s: float = WINDOW_S) -> None:
        self._directory = directory
        self._window_s = window_s
        self._looks: list[Look] = []

    @property
    def looks(self) -> tuple[Look, ...]:
        """What the last reading was computed from, the newest look last."""
        return tuple(self._looks)

    async def read(self) -> Reading:
        """The signals now. Raises StackError if no stack runs there, ReadError if none of its processes answers."""
        at_s = time.monotonic()
        instances = [one for one in scaling.present(self._directory).instances if one.state is not State.STARTING]
        alive = [one for one in instances if one.state is not State.DOWN]
        answers = dict(zip(alive, await asyncio.gather(*map(_scrape, alive)), strict=True))
        found = {_identity(one): scrape for one, scrape in answers.items() if scrape is not None}
        silent = {
            _identity(one): one.kind
            for one, scrape in answers.items()
            if scrape is None and one.state is not State.LEAVING
        }
        if not found:
            raise ReadError(f"none of the {len(instances)} processes in {self._directory} shows its metrics")
        kept = [look for look in self._looks if at_s - look.at_s <= self._window_s] or self._looks[-1:]
        self._looks = [*kept, Look(at_s, found, silent)]
        return Reading(
            scrapes.signals(self._looks), tuple(one.name for one in instances if _identity(one) not in found)
        )


class PrometheusSource:
    """Asks a Prometheus at `url` that scrapes all processes."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    async def read(self) -> Reading:
        """The signals now. Raises ReadError if Prometheus does not answer, or has none of them."""
        values = await asyncio.gather(*(self._value(definition.promql) for definition in DEFINITIONS.values()))
        known = {name: value for name, value in zip(DEFINITIONS, values, strict=True) if not math.isnan(value)}
        if not known:
            raise ReadError(f"Prometheus at {self._url} has no metrics of riskengine: let it scrape all processes")
        return Reading(known)

    async def _value(self, promql: str) -> float:
        """What an expression is; NaN if it is of nothing. Raises ReadError."""
        where = f"{self._url}/api/v1/query?{urlencode({'query': promql})}"
        text = await fetch(where, QUERY_TIMEOUT_S)
        try:
            found = msgspec.json.decode(text, type=_Answer).data.result
        except msgspec.DecodeError as error:
            raise ReadError(f"{self._url} is no Prometheus ({error}): name the address of its web page") from error
        return float(found[0].value[1]) if found else math.nan


class _Sample(msgspec.Struct, frozen=True):
    value: tuple[float, str]
    """When, in seconds since 1970, and what."""


class _Vector(msgspec.Struct, frozen=True):
    result: tuple[_Sample, ...]


class _Answer(msgspec.Struct, frozen=True):
    """As Prometheus answers a query that gives a vector."""

    data: _Vector


async def _scrape(instance: Instance) -> Scrape | None:
    """What a process shows; None if it does not."""
    try:
        text = await fetch(f"http://{ports.LOOPBACK}:{instance.port}/metrics", SCRAPE_TIMEOUT_S)
        return Scrape(time.monotonic(), parse(text))
    except ReadError:
        return None


def _identity(instance: Instance) -> str:
    """A name that no other process of the stack has, also not the one that follows it."""
    return f"{instance.name}/{instance.pid}"
