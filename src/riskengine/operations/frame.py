"""What is shown of all processes at a moment: computed from looks at their metrics, without clock and I/O."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from riskengine.operations import scrapes
from riskengine.operations.exposition import Series
from riskengine.operations.looking import role
from riskengine.operations.quantile import quantile
from riskengine.operations.scrapes import Look, Scrape
from riskengine.operations.signals import Signal
from riskengine.stack.standing import Kind

SHARES = (0.50, 0.95, 0.99)
"""The shares of what is shown of latencies."""

_HITS = {"hit", "joined"}


class Process(msgspec.Struct, frozen=True):
    """A process: `cpu` is the share of a processor that it uses, `memory` bytes; None: not known."""

    name: str
    role: Kind | None
    cpu: float | None
    memory: float | None


class Pool(msgspec.Struct, frozen=True):
    """Connections to PostgreSQL of all processes of a role: in use, and at most."""

    used: int
    most: int


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Rates are a second, latencies seconds by SHARES; None or missing: nothing is known of it.

    `hits` is by kind of what is cached the share that was found; `breakers` the worst state of each part (0 closed, 1
    half-open, 2 open); `versions` what runs, more than one while processes differ; `dead_letters` those made since the
    processes began.
    """

    signals: Mapping[Signal, float]
    accepted: float | None
    decided: float | None
    outcomes: Mapping[str, float]
    requests: Mapping[float, float]
    decisions: Mapping[float, float]
    processes: Sequence[Process]
    breakers: Mapping[str, int]
    hits: Mapping[str, float]
    pools: Mapping[Kind, Pool]
    dead_letters: int
    versions: Mapping[str, tuple[int, ...]]


def of(looks: Sequence[Look], recent_s: float) -> Frame:
    """The frame after the last of these looks, at least one. Rates are over the last `recent_s` seconds of them."""
    newest = looks[-1]
    recent = [look for look in looks if newest.at_s - look.at_s <= recent_s]
    recent = recent if len(recent) > 1 else list(looks[-2:])
    window_s = newest.at_s - recent[0].at_s
    now = scrapes.signals(recent)
    decided = scrapes.grown(recent, "riskengine_decided_total") if window_s else []
    return Frame(
        signals=scrapes.signals(looks),
        accepted=now.get(Signal.ACCEPTED_RATE),
        decided=now.get(Signal.DECIDED_RATE),
        outcomes=_summed((series.label("outcome"), growth / window_s) for series, growth in decided),
        requests=_latencies(recent, "riskengine_http_request_seconds_bucket", _of_users),
        decisions=_latencies(recent, "riskengine_decision_latency_seconds_bucket", lambda _: True),
        processes=_processes(recent),
        breakers=_breakers(newest),
        hits=_hits(recent),
        pools=_pools(newest),
        dead_letters=round(sum(value for _, value in _all(newest, "riskengine_dead_letters_total"))),
        versions=_versions(newest),
    )


def _all(look: Look, name: str) -> list[tuple[Series, float]]:
    return [item for scrape in look.scrapes.values() for item in scrape.shown.of(name).items()]


def _summed(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The sum for each name."""
    found: dict[str, float] = {}
    for name, value in pairs:
        found[name] = found.get(name, 0.0) + value
    return found


def _of_users(series: Series) -> bool:
    route = series.label("route")
    return route != "/metrics" and not route.startswith("/health/")


def _latencies(looks: Sequence[Look], name: str, those: Callable[[Series], bool]) -> dict[float, float]:
    """What each of SHARES was answered within; empty if nothing was."""
    buckets: dict[float, float] = {}
    for series, growth in scrapes.grown(looks, name):
        if those(series):
            bound = float(series.label("le"))
            buckets[bound] = buckets.get(bound, 0.0) + growth
    found = {share: quantile(share, buckets) for share in SHARES}
    return {share: value for share, value in found.items() if not math.isnan(value)}


def _processes(looks: Sequence[Look]) -> tuple[Process, ...]:
    """Those of the last look, API processes first."""
    found = []
    for name, scrape in looks[-1].scrapes.items():
        before = next((look.scrapes[name] for look in looks[:-1] if name in look.scrapes), None)
        kind = role(scrape.shown)
        memory = next(iter(scrape.shown.of("riskengine_memory_bytes").values()), None)
        found.append(Process(name.partition("/")[0], kind, _cpu(before, scrape), memory))
    return tuple(sorted(found, key=lambda one: (one.role is not Kind.API, one.name)))


def _cpu(before: Scrape | None, after: Scrape) -> float | None:
    """Processors used between two looks at a process."""
    if before is None or after.at_s <= before.at_s:
        return None
    used = [sum(scrape.shown.of("riskengine_cpu_seconds_total").values()) for scrape in (before, after)]
    return (used[1] - used[0]) / (after.at_s - before.at_s) if used[1] >= used[0] > 0 else None


def _breakers(look: Look) -> dict[str, int]:
    """The worst state of each part."""
    found: dict[str, int] = {}
    for series, state in _all(look, "riskengine_breaker_state"):
        part = series.label("part")
        found[part] = max(found.get(part, 0), int(state))
    return dict(sorted(found.items()))


def _hits(looks: Sequence[Look]) -> dict[str, float]:
    """By kind, the share that was found of what was asked for since the first of these looks."""
    asked: dict[str, float] = {}
    found: dict[str, float] = {}
    for series, growth in scrapes.grown(looks, "riskengine_cache_requests_total"):
        kind = series.label("kind")
        asked[kind] = asked.get(kind, 0.0) + growth
        if series.label("result") in _HITS:
            found[kind] = found.get(kind, 0.0) + growth
    return {kind: found.get(kind, 0.0) / count for kind, count in sorted(asked.items()) if count}


def _pools(look: Look) -> dict[Kind, Pool]:
    """The connections of all processes of each role."""
    used: dict[Kind, float] = {}
    most: dict[Kind, float] = {}
    for scrape in look.scrapes.values():
        kind = role(scrape.shown)
        if kind is not None:
            taken = scrape.shown.of("riskengine_pool_connections").items()
            used[kind] = used.get(kind, 0) + sum(value for series, value in taken if series.label("state") == "used")
            most[kind] = most.get(kind, 0) + sum(scrape.shown.of("riskengine_pool_connections_most").values())
    return {kind: Pool(round(used[kind]), round(most[kind])) for kind in Kind if most.get(kind)}


def _versions(look: Look) -> dict[str, tuple[int, ...]]:
    """What runs, by kind; 0 stands for none."""
    found: dict[str, set[int]] = {}
    for series, version in _all(look, "riskengine_running_version"):
        found.setdefault(series.label("kind"), set()).add(int(version))
    return {kind: tuple(sorted(versions)) for kind, versions in sorted(found.items())}
