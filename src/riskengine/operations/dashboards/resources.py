"""What the engine takes, and what it stands on."""

from riskengine.operations.dashboards.panel import Dashboard, Panel, Query, Section, looked_at, rate, signal, total
from riskengine.operations.signals import Signal

_HITS = 'sum by (kind) (rate(riskengine_cache_requests_total{result=~"hit|joined"}[5m]))'

RESOURCES = Dashboard(
    "resources",
    "riskengine: resources",
    "What processes take, and how PostgreSQL, its replicas and Valkey bear it: what to buy more of.",
    (
        Section(
            "Processes",
            (
                Panel(
                    title="CPU",
                    meaning="Share of a processor that a process uses, on average over those of a role.",
                    queries=(signal(Signal.API_CPU, "api"), signal(Signal.WORKER_CPU, "worker")),
                    unit="percentunit",
                    alerts=("HighApiCpu", "HighWorkerCpu"),
                ),
                Panel(
                    title="Memory",
                    meaning="Share of the memory allowed to it that the largest process of a role has.",
                    queries=(signal(Signal.API_MEMORY, "api"), signal(Signal.WORKER_MEMORY, "worker")),
                    unit="percentunit",
                    alerts=("HighApiMemory", "MemoryNearLimit"),
                ),
                Panel(
                    title="Memory, in bytes",
                    meaning="Memory of the largest process of a role: what grows for hours is a leak.",
                    queries=(Query("max by (role) (riskengine_memory_bytes)", "{{role}}"),),
                    unit="bytes",
                ),
                Panel(
                    title="Event loop",
                    meaning="How late the event loop comes to the latest hundredth of what is due.",
                    queries=(looked_at("EventLoopBlocked", "{{role}}"),),
                    unit="s",
                    alerts=("EventLoopBlocked",),
                ),
                Panel(
                    title="Requests under way",
                    meaning="Requests without an answer yet, in the API process that has most of them.",
                    queries=(signal(Signal.API_REQUESTS, "requests"),),
                    alerts=("HighApiRequests",),
                ),
                Panel(
                    title="Bodies",
                    meaning="Bytes reserved for the bodies of requests under way, in the process that has most of "
                    "them.",
                    queries=(Query("max(riskengine_body_bytes)", "bodies"),),
                    unit="bytes",
                ),
                Panel(
                    title="Alive and scraped",
                    meaning="Processes that say that they live, and those that are scraped: the lines are to meet.",
                    queries=(
                        Query("max by (role) (riskengine_processes)", "{{role}} alive"),
                        Query("count by (role) (riskengine_memory_bytes)", "{{role}} scraped"),
                    ),
                ),
            ),
        ),
        Section(
            "PostgreSQL",
            (
                Panel(
                    title="Connections",
                    meaning="Share of the connections that PostgreSQL gives at most.",
                    queries=(signal(Signal.DATABASE_CONNECTIONS, "in use"),),
                    unit="percentunit",
                    alerts=("DatabaseConnectionsWarning", "DatabaseConnectionsCritical"),
                ),
                Panel(
                    title="Pools",
                    meaning="Connections of all processes' pools, by the server they lead to and whether they are in "
                    "use.",
                    queries=(Query("sum by (part, state) (riskengine_pool_connections)", "{{part}} {{state}}"),),
                ),
                Panel(
                    title="Fullest pool",
                    meaning="Share of its connections that the fullest pool uses: at 100 % statements wait in line.",
                    queries=(
                        Query(
                            'max by (part) (riskengine_pool_connections{state="used"} / ignoring (state) '
                            "riskengine_pool_connections_most)",
                            "{{part}}",
                        ),
                    ),
                    unit="percentunit",
                ),
                Panel(
                    title="Waiting for a connection",
                    meaning="Time within which 95 of 100 statements had a connection.",
                    queries=(looked_at("PoolExhausted", "{{part}}"),),
                    unit="s",
                    alerts=("PoolExhausted",),
                ),
                Panel(
                    title="Replicas",
                    meaning="Whether every process may ask a replica: 1, or 0 if one cannot.",
                    queries=(looked_at("ReplicaAway", "{{replica}}"),),
                    alerts=("ReplicaAway",),
                ),
                Panel(
                    title="Replicas behind",
                    meaning="Seconds that a replica is behind the primary at most.",
                    queries=(looked_at("ReplicaStale", "{{replica}}"),),
                    unit="s",
                    alerts=("ReplicaStale",),
                ),
                Panel(
                    title="Reads",
                    meaning="Statements a second that only read, by who answered them and why.",
                    queries=(Query("sum by (target, why) (rate(riskengine_reads_total[5m]))", "{{target}}: {{why}}"),),
                    unit="ops",
                ),
                Panel(
                    title="Months ahead",
                    meaning="Months after this one that have their partitions: two, or something is in the way.",
                    queries=(looked_at("MonthMissing", "months"),),
                    alerts=("MonthMissing",),
                ),
            ),
        ),
        Section(
            "Valkey, caches and breakers",
            (
                Panel(
                    title="Cache hits",
                    meaning="Share of values that the cache had, or that another's load brought, by kind.",
                    queries=(
                        Query(f"{_HITS} / sum by (kind) (rate(riskengine_cache_requests_total[5m]))", "{{kind}}"),
                    ),
                    unit="percentunit",
                ),
                Panel(
                    title="Cache",
                    meaning="Values a second that the cache was asked for, by what came of it.",
                    queries=(rate("riskengine_cache_requests_total", "result"),),
                    unit="ops",
                ),
                Panel(
                    title="API keys",
                    meaning="API keys a second that were looked up in PostgreSQL: each every few seconds, unknown "
                    "ones always.",
                    queries=(total("riskengine_api_key_lookups_total", "looked up"),),
                    unit="ops",
                ),
                Panel(
                    title="Breakers",
                    meaning="The worst state of each part's breakers: 0 closed, 1 half-open, 2 open.",
                    queries=(Query("max by (part) (riskengine_breaker_state)", "{{part}}"),),
                    alerts=("BreakerOpen",),
                ),
                Panel(
                    title="Refused by breakers",
                    meaning="Calls refused a second because a breaker was open, by part.",
                    queries=(rate("riskengine_breaker_refused_total", "part", "1m"),),
                    unit="ops",
                ),
            ),
        ),
    ),
)
"""The dashboard."""
