"""Where `riskengine top` looks: a running stack, addresses of metrics, or a Prometheus that has scraped them."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode, urlsplit

import msgspec

from riskengine.operations.errors import ReadError
from riskengine.operations.exposition import Exposition, Series, parse
from riskengine.operations.fetching import fetch
from riskengine.operations.scrapes import Look, Scrape
from riskengine.operations.sources import QUERY_TIMEOUT_S, SCRAPE_TIMEOUT_S, WINDOW_S, StackSource
from riskengine.stack.standing import Kind

RECENT_S = 10.0
"""Seconds over which rates are shown where processes are looked at directly: short enough to see a change at once."""

_EVERYTHING = '{__name__=~"riskengine_.+"}'


class Seen(msgspec.Struct, frozen=True):
    """The looks of the last minute, the newest last, and the names of processes that should have answered."""

    looks: Sequence[Look]
    away: Sequence[str] = ()


class Looker(Protocol):
    """Looks at all processes, again and again. Rates are to be shown over the last `recent_s` seconds."""

    where: str
    recent_s: float

    async def look(self) -> Seen:
        """What is there now. Raises a RiskEngineError that says why if nothing is to be seen."""


class StackLooker:
    """Looks at the embedded stack in a directory."""

    recent_s = RECENT_S

    def __init__(self, directory: Path) -> None:
        self.where = f"the stack in {directory}"
        self._source = StackSource(directory)

    async def look(self) -> Seen:
        """What its processes show. Raises StackError if none runs there, ReadError if none of its processes answers."""
        reading = await self._source.read()
        return Seen(self._source.looks, reading.away)


class UrlLooker:
    """Looks at processes by the addresses of their metrics."""

    recent_s = RECENT_S

    def __init__(self, urls: Sequence[str]) -> None:
        self.where = ", ".join(urls)
        self._urls = urls
        self._looks: tuple[Look, ...] = ()

    async def look(self) -> Seen:
        """What they show. Raises ReadError, that of the first, if none answers."""
        at_s = time.monotonic()
        answers = await asyncio.gather(*map(_shown, self._urls), return_exceptions=True)
        found: dict[str, Scrape] = {}
        away: list[str] = []
        faults: list[ReadError] = []
        for url, answer in zip(self._urls, answers, strict=True):
            name = urlsplit(url).netloc
            if isinstance(answer, ReadError):
                away.append(name)
                faults.append(answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found[f"{name}/{_started(answer)}"] = Scrape(time.monotonic(), answer)
        if not found:
            raise faults[0]
        self._looks = _kept(self._looks, Look(at_s, found, self._silent(away)))
        return Seen(self._looks, away)

    def _silent(self, away: Sequence[str]) -> dict[str, Kind]:
        """Those who showed something before, by what they were."""
        last = self._looks[-1].scrapes if self._looks else {}
        roles = {name: role(scrape.shown) for name, scrape in last.items() if name.partition("/")[0] in away}
        return {name: kind for name, kind in roles.items() if kind is not None}


class PrometheusLooker:
    """Asks a Prometheus at `url` for the last scrapes of all processes."""

    recent_s = WINDOW_S  # it scrapes every 15 s or so

    def __init__(self, url: str) -> None:
        self.where = f"Prometheus at {url}"
        self._url = url.rstrip("/")
        self._looks: tuple[Look, ...] = ()

    async def look(self) -> Seen:
        """What it has. Raises ReadError if it does not answer, or has nothing of riskengine."""
        at_s = time.monotonic()
        text = await fetch(f"{self._url}/api/v1/query?{urlencode({'query': _EVERYTHING})}", QUERY_TIMEOUT_S)
        try:
            rows = msgspec.json.decode(text, type=_Answer).data.result
        except msgspec.DecodeError as error:
            raise ReadError(f"{self._url} is no Prometheus ({error}): name the address of its web page") from error
        if not rows:
            raise ReadError(f"Prometheus at {self._url} has no metrics of riskengine: let it scrape all processes")
        shown: dict[str, dict[str, dict[Series, float]]] = {}
        for row in rows:
            labels = dict(row.metric)
            name, process = labels.pop("__name__"), labels.pop("instance", "")
            labels.pop("job", None)
            series = Series(name, tuple(sorted(labels.items())))
            shown.setdefault(process, {}).setdefault(name, {})[series] = float(row.value[1])
        found = {process: Scrape(at_s, _exposition(samples)) for process, samples in shown.items()}
        self._looks = _kept(self._looks, Look(at_s, found))
        return Seen(self._looks)


class _Row(msgspec.Struct, frozen=True):
    metric: dict[str, str]
    value: tuple[float, str]
    """When, in seconds since 1970, and what."""


class _Vector(msgspec.Struct, frozen=True):
    result: tuple[_Row, ...]


class _Answer(msgspec.Struct, frozen=True):
    """As Prometheus answers a query that gives a vector."""

    data: _Vector


def role(shown: Exposition) -> Kind | None:
    """What kind of process shows this; None if it is none of the engine's."""
    roles = [series.label("role") for series in shown.of("riskengine_memory_bytes")]
    return Kind(roles[0]) if roles and roles[0] in list(Kind) else None


def _kept(looks: Sequence[Look], newest: Look) -> tuple[Look, ...]:
    """The looks of the last minute, or the last two."""
    kept = [look for look in looks if newest.at_s - look.at_s <= WINDOW_S] or list(looks[-1:])
    return (*kept, newest)


async def _shown(url: str) -> Exposition:
    return parse(await fetch(url, SCRAPE_TIMEOUT_S))


def _started(shown: Exposition) -> str:
    """What no later process at the same address shows: when it was started."""
    return "".join(f"{value:.2f}" for value in shown.of("process_start_time_seconds").values())


def _exposition(samples: Mapping[str, Mapping[Series, float]]) -> Exposition:
    return Exposition(samples, frozenset(samples))
