"""The figures that alerts, the autoscaler and `riskengine top` go by: each has one name, one unit and one meaning.

`promql` is how Prometheus computes one from the metrics of all processes. Windows of rates are a minute: four scrapes
of 15 s, so that one that fails changes nothing.
"""

from enum import StrEnum

import msgspec


class Signal(StrEnum):
    """How the engine is, in one figure each."""

    QUEUE_DEPTH = "queue_depth"
    QUEUE_LAG = "queue_lag"
    API_P95 = "api_p95"
    API_CPU = "api_cpu"
    API_MEMORY = "api_memory"
    API_REQUESTS = "api_requests"
    WORKER_CPU = "worker_cpu"
    WORKER_MEMORY = "worker_memory"
    ERROR_RATE = "error_rate"
    DATABASE_CONNECTIONS = "database_connections"
    ACCEPTED_RATE = "accepted_rate"
    DECIDED_RATE = "decided_rate"
    BREAKERS = "breakers"


class Definition(msgspec.Struct, frozen=True):
    """What a signal is: its unit (`1` is a share), its meaning, and the expression that Prometheus computes it by."""

    unit: str
    meaning: str
    promql: str


_OF_USERS = 'route!~"/health/.*|/metrics"'
"""Health checks and scrapes never fail and are quick: they would hide what users get."""

_REQUESTS = f"riskengine_http_request_seconds_bucket{{{_OF_USERS}}}"

DEFINITIONS: dict[Signal, Definition] = {
    Signal.QUEUE_DEPTH: Definition(
        "messages", "Messages in the queue, delivered or not, of all partitions", "max(riskengine_queue_depth)"
    ),
    Signal.QUEUE_LAG: Definition("s", "Age of the oldest message in the queue", "max(riskengine_queue_lag_seconds)"),
    Signal.API_P95: Definition(
        "s",
        "Time within which 95 of 100 requests are answered",
        f"histogram_quantile(0.95, sum by (le) (rate({_REQUESTS}[1m])))",
    ),
    Signal.API_CPU: Definition(
        "1",
        "Share of a processor that an API process uses, on average over them",
        'avg(rate(riskengine_cpu_seconds_total{role="api"}[1m]))',
    ),
    Signal.API_MEMORY: Definition(
        "1",
        "Share of the memory allowed to an API process that the largest of them has",
        'max(riskengine_memory_ratio{role="api"})',
    ),
    Signal.API_REQUESTS: Definition(
        "requests",
        "Requests under way in the API process that has most of them",
        "max(riskengine_http_requests_under_way)",
    ),
    Signal.WORKER_CPU: Definition(
        "1",
        "Share of a processor that a worker uses, on average over them",
        'avg(rate(riskengine_cpu_seconds_total{role="worker"}[1m]))',
    ),
    Signal.WORKER_MEMORY: Definition(
        "1",
        "Share of the memory allowed to a worker that the largest of them has",
        'max(riskengine_memory_ratio{role="worker"})',
    ),
    Signal.ERROR_RATE: Definition(
        "1",
        "Share of requests answered with 5xx",
        f'(sum(rate(riskengine_http_requests_total{{{_OF_USERS},status=~"5.."}}[1m])) or vector(0))'
        f" / sum(rate(riskengine_http_requests_total{{{_OF_USERS}}}[1m]))",
    ),
    Signal.DATABASE_CONNECTIONS: Definition(
        "1",
        "Share of PostgreSQL's connections that is in use",
        "max(riskengine_postgresql_connections / riskengine_postgresql_connections_most)",
    ),
    Signal.ACCEPTED_RATE: Definition(
        "1/s", "Transactions accepted a second", "sum(rate(riskengine_accepted_total[1m]))"
    ),
    Signal.DECIDED_RATE: Definition("1/s", "Transactions decided a second", "sum(rate(riskengine_decided_total[1m]))"),
    Signal.BREAKERS: Definition(
        "state",
        "Worst state of a breaker for PostgreSQL or Valkey: 0 closed, 1 half-open, 2 open",
        'max(riskengine_breaker_state{part=~"postgresql|redis"})',
    ),
}
"""Every signal."""


class Condition(msgspec.Struct, frozen=True):
    """That a signal is beyond a threshold, and has been for `hold_s` seconds without a break."""

    signal: Signal
    threshold: float
    hold_s: float
    below: bool = False
    """Whether it is to be below the threshold rather than above it."""

    @property
    def promql(self) -> str:
        """The condition without its duration, as an expression of Prometheus."""
        return f"{DEFINITIONS[self.signal].promql} {'<' if self.below else '>'} {self.threshold:g}"

    def met(self, value: float) -> bool:
        """Whether the condition holds for one value."""
        return value < self.threshold if self.below else value > self.threshold
