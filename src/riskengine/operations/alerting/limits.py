"""Figures with a warning and a critical value: those that the specification names (M1), and memory."""

from riskengine.operations.alert import Alert, Rule, Severity
from riskengine.operations.signals import Condition, Signal

_MINUTE = 60.0

_SLOW_API = (
    "API processes are at their limit: their CPU is busy (`riskengine_cpu_seconds_total`), or they wait for "
    "connections.",
    "PostgreSQL is slow: commits wait for its disk, or for locks.",
    "Few, but large requests: batches and summaries take longer than single transactions.",
)
_SPEED_UP_API = (
    "See which `route` is slow in `riskengine_http_request_seconds`, and whether CPU or PostgreSQL is busy.",
    "If the CPU of API processes is busy: give it more of them (`riskengine scale api=4`, or replicas).",
    "If PostgreSQL is: `riskengine doctor`, then `pg_stat_activity` by `wait_event`. More API processes do not help "
    "there.",
)
_DEEP_QUEUE = (
    "More comes in than the workers decide.",
    "Workers wait for a part that is away: `riskengine_pauses_total` and `riskengine_breaker_state` tell which.",
    "Workers died, or were scaled down too far: `riskengine_processes`.",
)
_DRAIN_QUEUE = (
    "`GET /api/v1/workers` shows each worker, what it has in hand, and each partition.",
    "If they pause, bring back the `part` that `riskengine_pauses_total` names.",
    "Else give it more workers: `riskengine scale worker=4`, or replicas.",
)
_FAILING = (
    "PostgreSQL or Valkey does not answer (503).",
    "A limit on work under way is reached (503): `riskengine_refused_total` tells which.",
    "A fault in the engine (500): `request_failed` in the log has the traceback.",
)
_STOP_FAILING = (
    "`riskengine_http_requests_total` by `status` and `route`, and `riskengine_problems_total` by `problem`, say "
    "what fails.",
    "For what is `unavailable`: `riskengine doctor`, and bring the part back.",
    "For what is `overloaded`: see [RequestsRefused](RequestsRefused.md).",
    "For what is `internal`: look for `request_failed` in the log, and roll back what was deployed or published last.",
)
_MANY_CONNECTIONS = (
    "More processes than the server was set up for: pools of all of them, and one connection each to listen.",
    "Something else uses the server: reports, backups, forgotten sessions.",
    "Statements got slow, so that pools are full where they were half empty.",
)
_FEWER_CONNECTIONS = (
    "`riskengine doctor` adds up what the processes may take, and what the server has.",
    "`pg_stat_activity` by `application_name` shows who has them: end what was forgotten.",
    "Lower `API_DB_POOL_MAX` and `WORKER_DB_POOL_MAX`, raise `max_connections`, or put "
    "[a pooler](../scale.md#behind-a-pooler) before it.",
)
_LATE = (
    "More comes in than the workers decide, or they wait for a part that is away.",
    "One partition alone is behind: an account has more transactions than a consumer decides.",
    "A worker hangs with messages in hand: others take them over after `WORKER_TAKEOVER_IDLE_MS`.",
)

ALERTS: tuple[Alert, ...] = (
    Alert(
        name="ApiLatencyWarning",
        severity=Severity.WARNING,
        rule=Rule.of(Condition(Signal.API_P95, 0.2, 5 * _MINUTE)),
        summary="One of 20 requests to the API takes longer than 200 ms",
        meaning="The API answers, but slower than is promised. Health checks and scrapes are not counted.",
        feel="Payments wait noticeably longer for their answer.",
        why="200 ms is the specification's warning, and its trigger of scaling. Five minutes: a burst or a restart "
        "passes.",
        causes=_SLOW_API,
        todo=_SPEED_UP_API,
        demands=("M1", "A2"),
        related=("riskengine_ingest_waiting", "riskengine_pool_wait_seconds"),
    ),
    Alert(
        name="ApiLatencyCritical",
        severity=Severity.CRITICAL,
        rule=Rule.of(Condition(Signal.API_P95, 0.5, 2 * _MINUTE)),
        summary="One of 20 requests to the API takes longer than 500 ms",
        meaning="The API is overloaded, or something under it hardly answers.",
        feel="Payments wait half a second and more; clients with short time-outs give up and send again.",
        why="500 ms is the specification's. Two minutes are eight scrapes: long enough to be no burst.",
        causes=_SLOW_API,
        todo=_SPEED_UP_API,
        demands=("M1",),
        related=("riskengine_ingest_waiting", "riskengine_pool_wait_seconds"),
    ),
    Alert(
        name="QueueDepthWarning",
        severity=Severity.WARNING,
        rule=Rule.of(Condition(Signal.QUEUE_DEPTH, 500, 2 * _MINUTE)),
        summary="More than 500 transactions wait in the queue",
        meaning="Workers do not quite keep up. Nothing is lost: the queue holds `QUEUE_LIMIT`, PostgreSQL the rest.",
        feel="Decisions of what was sent to `POST /transactions` come some seconds later. `POST /decisions` is as "
        "fast as ever.",
        why="500 is the specification's. Two minutes: a large batch is decided well before.",
        causes=_DEEP_QUEUE,
        todo=_DRAIN_QUEUE,
        demands=("M1",),
        related=("riskengine_queue_lag_seconds", "riskengine_decided_total"),
    ),
    Alert(
        name="QueueDepthCritical",
        severity=Severity.CRITICAL,
        rule=Rule.of(Condition(Signal.QUEUE_DEPTH, 2000, 1 * _MINUTE)),
        summary="More than 2000 transactions wait in the queue",
        meaning="Workers are far behind, or stand still.",
        feel="Decisions come late; who asks for one gets `decision-pending` meanwhile.",
        why="2000 is the specification's. One minute, so that a large import by HTTP alone calls nobody.",
        causes=_DEEP_QUEUE,
        todo=_DRAIN_QUEUE,
        demands=("M1",),
        related=("riskengine_queue_lag_seconds", "riskengine_decided_total"),
    ),
    Alert(
        name="ErrorRateWarning",
        severity=Severity.WARNING,
        rule=Rule.of(Condition(Signal.ERROR_RATE, 0.01, 2 * _MINUTE)),
        summary="More than 1 % of requests are answered with 5xx",
        meaning="Some requests fail by our fault. Without any requests there is no rate, and no alert.",
        feel="Some payments are refused; clients that send again under the same key lose nothing.",
        why="1 % is the specification's. Two minutes: one failure among few requests passes.",
        causes=_FAILING,
        todo=_STOP_FAILING,
        demands=("M1",),
        related=("riskengine_problems_total",),
    ),
    Alert(
        name="ErrorRateCritical",
        severity=Severity.CRITICAL,
        rule=Rule.of(Condition(Signal.ERROR_RATE, 0.05, 1 * _MINUTE)),
        summary="More than 5 % of requests are answered with 5xx",
        meaning="A part is away, or a fault meets everybody.",
        feel="Payments are refused.",
        why="5 % is the specification's. One minute, since the rate itself is of a minute.",
        causes=_FAILING,
        todo=_STOP_FAILING,
        demands=("M1",),
        related=("riskengine_problems_total",),
    ),
    Alert(
        name="DatabaseConnectionsWarning",
        severity=Severity.WARNING,
        rule=Rule.of(Condition(Signal.DATABASE_CONNECTIONS, 0.7, 5 * _MINUTE)),
        summary="More than 70 % of PostgreSQL's connections are in use",
        meaning="There is no room for many more processes, nor for people who have to look.",
        feel="Nothing yet.",
        why="70 % is the specification's. Five minutes: a rolling restart has old and new processes at once.",
        causes=_MANY_CONNECTIONS,
        todo=_FEWER_CONNECTIONS,
        demands=("M1",),
        related=("riskengine_pool_connections",),
    ),
    Alert(
        name="DatabaseConnectionsCritical",
        severity=Severity.CRITICAL,
        rule=Rule.of(Condition(Signal.DATABASE_CONNECTIONS, 0.9, 1 * _MINUTE)),
        summary="More than 90 % of PostgreSQL's connections are in use",
        meaning="The next processes that start, or pools that grow, are refused.",
        feel="Nothing yet; then 503, as if PostgreSQL were away.",
        why="90 % is the specification's. One minute: what is left may be gone in the next.",
        causes=_MANY_CONNECTIONS,
        todo=_FEWER_CONNECTIONS,
        demands=("M1",),
        related=("riskengine_pool_connections",),
    ),
    Alert(
        name="WorkerLagWarning",
        severity=Severity.WARNING,
        rule=Rule.of(Condition(Signal.QUEUE_LAG, 30, 1 * _MINUTE)),
        summary="The oldest transaction in the queue has waited for more than 30 s",
        meaning="Workers are behind by that much, all of them or in one partition.",
        feel="Decisions of what was sent to `POST /transactions` come half a minute late.",
        why="30 s is the specification's. One minute: what a dead worker had in hand is taken over before.",
        causes=_LATE,
        todo=_DRAIN_QUEUE,
        demands=("M1", "W2"),
        related=("riskengine_queue_depth", "riskengine_decision_latency_seconds"),
    ),
    Alert(
        name="WorkerLagCritical",
        severity=Severity.CRITICAL,
        rule=Rule.of(Condition(Signal.QUEUE_LAG, 120, 1 * _MINUTE)),
        summary="The oldest transaction in the queue has waited for more than 2 minutes",
        meaning="Workers are far behind, or stand still.",
        feel="Payments that wait for their decision stay open for minutes.",
        why="120 s is the specification's. One minute more, so that one odd scrape calls nobody.",
        causes=_LATE,
        todo=_DRAIN_QUEUE,
        demands=("M1",),
        related=("riskengine_queue_depth", "riskengine_decision_latency_seconds"),
    ),
    Alert(
        name="MemoryNearLimit",
        severity=Severity.WARNING,
        rule=Rule("max by (role) (riskengine_memory_ratio)", 5 * _MINUTE, "1", 0.9),
        summary="A process has more than 90 % of the memory that it may have",
        meaning="`PROCESS_MEMORY_MIB` says how much that is. Beyond the limit of its container a process is killed.",
        feel="Nothing; a process that is killed has accepted nothing that is lost, but its clients have to send again.",
        why="90 %: above the 80 % at which API processes are scaled up, which then has not helped. Five minutes: "
        "bodies of requests come and go.",
        causes=(
            "Large bodies of requests under way: `riskengine_body_bytes`.",
            "A larger catalogue, rule set, list or model was published.",
            "A leak: it grows for hours, whatever the load.",
        ),
        todo=(
            "Compare with the processes of the same `role`, and with the moment of the last release (`riskengine "
            "rules history`).",
            "Lower `API_BODY_BUDGET_MIB`, or give the processes more memory and say so in `PROCESS_MEMORY_MIB`.",
            "If it grows for ever: restart one process after the other, and report it.",
        ),
        demands=("A2",),
        related=("riskengine_memory_bytes", "riskengine_body_bytes"),
    ),
)
"""In pairs: the warning, then the critical one."""
