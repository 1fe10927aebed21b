"""Signals computed from looks at the metrics of all processes, as Prometheus computes them, without Prometheus."""

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from riskengine.operations.exposition import Exposition, Series
from riskengine.operations.quantile import quantile
from riskengine.operations.signals import Signal
from riskengine.stack.standing import Kind

_NO_REQUESTS_OF_USERS = re.compile(r"/health/.*|/metrics")
_BUCKETS = "riskengine_http_request_seconds_bucket"


class Scrape(msgspec.Struct, frozen=True):
    """What one process showed, and when: seconds on a clock that never goes back."""

    at_s: float
    shown: Exposition


class Look(msgspec.Struct, frozen=True):
    """One look at all processes, by a name that no later process has. `silent` should have answered, and did not."""

    at_s: float
    scrapes: Mapping[str, Scrape]
    silent: Mapping[str, Kind] = {}


def signals(looks: Sequence[Look]) -> dict[Signal, float]:
    """The signals that are known after the last of these looks, in the order of their time, at least one.

    Rates are over the time from the first look to the last, and not known after a single one. A counter that falls was
    reset, and counts from 0. What a process counted that came since the first look is all new; Prometheus misses what
    it had counted at its first scrape. Averages are over processes that are in the last look. A sum or an average to
    which a silent process would have contributed is not known, unlike in Prometheus; the largest of the others is.
    """
    found = {signal: compute(looks[-1]) for signal, compute in _GAUGES.items()}
    if len(looks) > 1 and looks[-1].at_s > looks[0].at_s:
        rates = _Rates(looks)
        found |= rates.signals()
        blind = rates.blind()
        for signal, roles in _SUMMED.items():
            if blind & roles:
                found[signal] = math.nan
    return {signal: value for signal, value in found.items() if not math.isnan(value)}


def grown(looks: Sequence[Look], name: str) -> list[tuple[Series, float]]:
    """By how much each series of a counter grew over these looks: an entry for each process and step."""
    return list(_Rates(looks).grown(name))


class _Rates:
    """What grew from the first look to the last."""

    def __init__(self, looks: Sequence[Look]) -> None:
        self._looks = looks
        self._seconds = looks[-1].at_s - looks[0].at_s
        names = dict.fromkeys(name for look in looks for name in look.scrapes)
        self._scrapes = {name: [look.scrapes[name] for look in looks if name in look.scrapes] for name in names}

    def signals(self) -> dict[Signal, float]:
        """The signals that are rates; NaN: not known."""
        requests = self._rate("riskengine_http_requests_total", _of_users)
        failed = self._rate(
            "riskengine_http_requests_total",
            lambda series: _of_users(series) and series.label("status").startswith("5"),
        )
        buckets: dict[float, float] = {}
        for series, growth in self.grown(_BUCKETS):
            if _of_users(series):
                bound = float(series.label("le"))
                buckets[bound] = buckets.get(bound, 0.0) + growth / self._seconds
        return {
            Signal.API_P95: quantile(0.95, buckets),
            Signal.API_CPU: self._cpu(Kind.API),
            Signal.WORKER_CPU: self._cpu(Kind.WORKER),
            Signal.ERROR_RATE: failed / requests if requests > 0 else math.nan,
            Signal.ACCEPTED_RATE: self._rate("riskengine_accepted_total"),
            Signal.DECIDED_RATE: self._rate("riskengine_decided_total"),
        }

    def blind(self) -> set[Kind]:
        """The roles of processes of which something is missing: silent now, or until their first scrape."""
        found = set(self._looks[-1].silent.values())
        for place, look in enumerate(self._looks[:-1]):
            before = self._looks[: place + 1]
            found |= {role for name, role in look.silent.items() if not any(name in one.scrapes for one in before)}
        return found

    def _rate(self, name: str, those: Callable[[Series], bool] = lambda _: True) -> float:
        """A second, of all processes; NaN if none of them has such a metric, be it without samples yet."""
        if not any(name in scrapes[-1].shown.metrics for scrapes in self._scrapes.values()):
            return math.nan
        return sum(growth for series, growth in self.grown(name) if those(series)) / self._seconds

    def grown(self, name: str) -> Iterator[tuple[Series, float]]:
        """By how much each series of each process grew."""
        for process, scrapes in self._scrapes.items():
            if process not in self._looks[0].scrapes and not any(process in look.silent for look in self._looks):
                yield from scrapes[0].shown.of(name).items()  # it came since: it counted all of that since
            for before, after in itertools.pairwise(scrapes):
                known = before.shown.of(name)
                for series, value in after.shown.of(name).items():
                    yield series, _growth(known.get(series, 0.0), value)

    def _cpu(self, role: Kind) -> float:
        """Processors that a process of the role uses, on average over those that were seen twice."""
        found: list[float] = []
        series = Series("riskengine_cpu_seconds_total", (("role", str(role)),))
        for process in self._looks[-1].scrapes:
            seen = [one for one in self._scrapes[process] if series in one.shown.of(series.name)]
            if len(seen) > 1 and seen[-1].at_s > seen[0].at_s:
                values = [one.shown.of(series.name)[series] for one in seen]
                grown = sum(_growth(before, after) for before, after in itertools.pairwise(values))
                found.append(grown / (seen[-1].at_s - seen[0].at_s))
        return sum(found) / len(found) if found else math.nan


def _growth(before: float, after: float) -> float:
    return after - before if after >= before else after


def _largest(name: str, **labels: str) -> Callable[[Look], float]:
    """The largest value of a gauge over all processes; NaN if none shows it."""

    def compute(look: Look) -> float:
        shown = [item for scrape in look.scrapes.values() for item in scrape.shown.of(name).items()]
        wanted = set(labels.items())
        return max((value for series, value in shown if wanted <= set(series.labels)), default=math.nan)

    return compute


def _of_users(series: Series) -> bool:
    return not _NO_REQUESTS_OF_USERS.fullmatch(series.label("route"))


def _connections(look: Look) -> float:
    """The largest share of PostgreSQL's connections that a process saw in use; NaN if none did."""
    shares = [
        used / most
        for scrape in look.scrapes.values()
        for used in scrape.shown.of("riskengine_postgresql_connections").values()
        for most in scrape.shown.of("riskengine_postgresql_connections_most").values()
        if most > 0
    ]
    return max(shares, default=math.nan)


def _breakers(look: Look) -> float:
    """The worst state of a breaker without whose part nothing is decided; NaN if no process shows one."""
    postgresql, valkey = (_largest("riskengine_breaker_state", part=part)(look) for part in ("postgresql", "redis"))
    return max((state for state in (postgresql, valkey) if not math.isnan(state)), default=math.nan)


_GAUGES: dict[Signal, Callable[[Look], float]] = {
    Signal.QUEUE_DEPTH: _largest("riskengine_queue_depth"),
    Signal.QUEUE_LAG: _largest("riskengine_queue_lag_seconds"),
    Signal.API_MEMORY: _largest("riskengine_memory_ratio", role="api"),
    Signal.API_REQUESTS: _largest("riskengine_http_requests_under_way"),
    Signal.WORKER_MEMORY: _largest("riskengine_memory_ratio", role="worker"),
    Signal.DATABASE_CONNECTIONS: _connections,
    Signal.BREAKERS: _breakers,
}

_SUMMED: dict[Signal, set[Kind]] = {
    Signal.API_CPU: {Kind.API},
    Signal.WORKER_CPU: {Kind.WORKER},
    Signal.ERROR_RATE: {Kind.API},
    Signal.ACCEPTED_RATE: {Kind.API},
    Signal.DECIDED_RATE: {Kind.API, Kind.WORKER},
}
"""Sums and averages, and the roles of processes that contribute to them."""
