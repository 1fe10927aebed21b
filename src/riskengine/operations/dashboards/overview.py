"""The first look: is the engine well?"""

from riskengine.operations.dashboards.panel import Dashboard, Panel, Query, Section, Shown, quantile, rate, signal
from riskengine.operations.signals import Signal

OVERVIEW = Dashboard(
    "overview",
    "riskengine: overview",
    "Whether the engine is well, in ten seconds: what is green is well.",
    (
        Section(
            "Now",
            (
                Panel(
                    title="Accepted",
                    meaning="Transactions accepted a second.",
                    queries=(signal(Signal.ACCEPTED_RATE),),
                    unit="ops",
                    shown=Shown.FIGURE,
                ),
                Panel(
                    title="Decided",
                    meaning="Transactions decided a second: as many as are accepted, or the queue grows.",
                    queries=(signal(Signal.DECIDED_RATE),),
                    unit="ops",
                    shown=Shown.FIGURE,
                ),
                Panel(
                    title="API p95",
                    meaning="Time within which 95 of 100 requests are answered, without health checks and scrapes.",
                    queries=(signal(Signal.API_P95),),
                    unit="s",
                    shown=Shown.FIGURE,
                    alerts=("ApiLatencyWarning", "ApiLatencyCritical"),
                ),
                Panel(
                    title="In the queue",
                    meaning="Transactions that wait for their decision or are being decided.",
                    queries=(signal(Signal.QUEUE_DEPTH),),
                    shown=Shown.FIGURE,
                    alerts=("QueueDepthWarning", "QueueDepthCritical"),
                ),
                Panel(
                    title="Oldest in the queue",
                    meaning="How long the oldest of them has waited.",
                    queries=(signal(Signal.QUEUE_LAG),),
                    unit="s",
                    shown=Shown.FIGURE,
                    alerts=("WorkerLagWarning", "WorkerLagCritical"),
                ),
                Panel(
                    title="Errors",
                    meaning="Share of requests answered with 5xx; nothing without requests.",
                    queries=(signal(Signal.ERROR_RATE),),
                    unit="percentunit",
                    shown=Shown.FIGURE,
                    alerts=("ErrorRateWarning", "ErrorRateCritical"),
                ),
                Panel(
                    title="Workers",
                    meaning="Workers that live, by what they say themselves.",
                    queries=(Query('max(riskengine_processes{role="worker"})'),),
                    shown=Shown.FIGURE,
                    well_from=1,
                ),
                Panel(
                    title="API processes",
                    meaning="API processes that live, by what they say themselves.",
                    queries=(Query('max(riskengine_processes{role="api"})'),),
                    shown=Shown.FIGURE,
                    well_from=1,
                ),
                Panel(
                    title="Breakers",
                    meaning="Breakers of PostgreSQL and Valkey that are not closed, over all processes.",
                    queries=(Query('sum(riskengine_breaker_state{part=~"postgresql|redis"} > bool 0)'),),
                    shown=Shown.FIGURE,
                    alerts=("BreakerOpen",),
                ),
                Panel(
                    title="Dead letters",
                    meaning="Messages of the last day that a person has to look at.",
                    queries=(Query("sum(increase(riskengine_dead_letters_total[1d]))"),),
                    shown=Shown.FIGURE,
                    alerts=("DeadLetters",),
                ),
                Panel(
                    title="PostgreSQL's connections",
                    meaning="Share of the connections that PostgreSQL gives at most.",
                    queries=(signal(Signal.DATABASE_CONNECTIONS),),
                    unit="percentunit",
                    shown=Shown.FIGURE,
                    alerts=("DatabaseConnectionsWarning", "DatabaseConnectionsCritical"),
                ),
                Panel(
                    title="Firing alerts",
                    meaning="Alerts that somebody is to look at; those of scaling are not counted.",
                    queries=(Query('count(ALERTS{alertstate="firing",severity=~"warning|critical"}) or vector(0)'),),
                    shown=Shown.FIGURE,
                    bad_from=1,
                ),
            ),
        ),
        Section(
            "The last hours",
            (
                Panel(
                    title="Accepted and decided",
                    meaning="Where the first line is above the second, the queue grows.",
                    queries=(signal(Signal.ACCEPTED_RATE, "accepted"), signal(Signal.DECIDED_RATE, "decided")),
                    unit="ops",
                ),
                Panel(
                    title="Until the decision",
                    meaning="Time from acceptance until 95 of 100 decisions were stored: through the queue, or at "
                    "once.",
                    queries=(quantile(0.95, "riskengine_decision_latency_seconds", by="by"),),
                    unit="s",
                ),
                Panel(
                    title="Queue",
                    meaning="Transactions that wait for their decision or are being decided.",
                    queries=(signal(Signal.QUEUE_DEPTH, "in the queue"),),
                    alerts=("QueueDepthWarning", "QueueDepthCritical", "HighQueueDepth"),
                ),
                Panel(
                    title="Until the answer",
                    meaning="Time within which 95 of 100 requests were answered.",
                    queries=(signal(Signal.API_P95, "p95"),),
                    unit="s",
                    alerts=("ApiLatencyWarning", "ApiLatencyCritical", "HighApiLatency"),
                ),
                Panel(
                    title="Answers",
                    meaning="Requests answered a second, by status: 5xx are faults of ours, 4xx of clients.",
                    queries=(rate("riskengine_http_requests_total", "status", "1m"),),
                    unit="reqps",
                ),
                Panel(
                    title="Alerts",
                    meaning="Which alerts were firing, and when.",
                    queries=(Query('max by (alertname) (ALERTS{alertstate="firing"})', "{{alertname}}"),),
                ),
            ),
        ),
    ),
)
"""The dashboard."""
