"""What the engine stands on: PostgreSQL and its replicas, Valkey, months, the model, pools."""

from riskengine.operations.alert import Alert, Rule, Severity

_MINUTE = 60.0

_DEGRADED = "sum(rate(riskengine_model_degraded_total[5m]))"

ALERTS: tuple[Alert, ...] = (
    Alert(
        name="BreakerOpen",
        severity=Severity.CRITICAL,
        rule=Rule('max by (part) (riskengine_breaker_state{part=~"postgresql|redis"})', 30, "", 0),
        summary="PostgreSQL or Valkey is left alone, because it failed again and again",
        meaning="A process refuses at once what needs the `part`, and tries it every second or so.",
        feel="`postgresql`: 503 for everything. `redis`: `POST /transactions` still accepts; decisions wait.",
        why="Neither closed, for half a minute: an open breaker is half-open now and then, and a failover takes some "
        "seconds.",
        causes=(
            "The server is down, restarting, out of memory or out of disk.",
            "The network between, a firewall, a changed password or address.",
            "One process alone: it, not the server, is cut off.",
        ),
        todo=(
            "`riskengine doctor` from where the process runs: it says what the server answers.",
            "Bring the server back; breakers close by themselves within seconds. See [recovery](../recovery.md).",
        ),
        related=("riskengine_breaker_refused_total", "riskengine_pauses_total"),
    ),
    Alert(
        name="MonthMissing",
        severity=Severity.CRITICAL,
        rule=Rule("min(riskengine_months_ahead)", 15 * _MINUTE, "months", 1, below=True),
        summary="Next month has no partitions",
        meaning="Workers make the next two months by themselves, every hour. They could not.",
        feel="Nothing, until the month begins: from then on no payment can be stored.",
        why="Below one, since two are usual. A quarter of an hour: a worker that has just started has not looked yet.",
        causes=(
            "The database user does not own the tables.",
            "Something holds a lock on `transactions` or `decisions` for hours.",
            "Workers have not reached PostgreSQL for weeks.",
        ),
        todo=(
            "`riskengine partitions create` with the month, such as 2027-01, makes it, or says why not.",
            "`riskengine partitions list` shows what there is. See [months](../partitions.md).",
        ),
    ),
    Alert(
        name="ReplicaAway",
        severity=Severity.WARNING,
        rule=Rule("min by (replica) (riskengine_replica_up)", 1 * _MINUTE, "", 1, below=True),
        summary="A read replica does not answer, or is none any more",
        meaning="Other replicas answer in its place, or the primary, which then has more to do.",
        feel="Nothing, or slower reads.",
        why="As soon as one process does not reach it, for a minute: a restart takes less.",
        causes=("It is down.", "It was promoted, or copies another primary.", "One process alone is cut off from it."),
        todo=(
            "The log has `replica_away` with the `reason`; `riskengine doctor` asks it too.",
            "Bring it back, or take it out of `DATABASE_REPLICA_URLS`.",
        ),
        related=("riskengine_reads_total",),
    ),
    Alert(
        name="ReplicaStale",
        severity=Severity.WARNING,
        rule=Rule("max by (replica) (riskengine_replica_lag_seconds)", 5 * _MINUTE, "s", 30),
        summary="A read replica is more than 30 s behind",
        meaning="It answers only what may be so old; the rest the primary has to.",
        feel="Nothing: no answer is older than it may be. Reads may be slower.",
        why="30 s is how long a replica may hold replay up for a query. Five minutes: one such query passes.",
        causes=(
            "Long queries there hold up replay.",
            "Its disk or network is slower than what the primary writes.",
            "Replay is paused, or it lost its primary.",
        ),
        todo=(
            "`riskengine doctor` shows the lag; `pg_stat_activity` there shows the queries.",
            "`pg_stat_replication` on the primary shows whether it is connected.",
        ),
        related=("riskengine_replica_up", "riskengine_reads_total"),
    ),
    Alert(
        name="PoolExhausted",
        severity=Severity.WARNING,
        rule=Rule(
            "histogram_quantile(0.95, sum by (part, le) (rate(riskengine_pool_wait_seconds_bucket[1m])))",
            2 * _MINUTE,
            "s",
            0.1,
        ),
        summary="One of 20 statements waits more than 100 ms for a connection",
        meaning="All connections of a process's pool are in use: what needs PostgreSQL waits in line.",
        feel="Answers and decisions are slower by that.",
        why="100 ms is half of what an answer may take. Two minutes: a burst passes.",
        causes=(
            "Statements are slow: locks, a disk, a plan that changed.",
            "More work at once than the pool is made for (`API_DB_POOL_MAX`, `WORKER_DB_POOL_MAX`).",
        ),
        todo=(
            "`pg_stat_activity` by `wait_event` shows whether statements are slow, and why.",
            "If they are fast: more processes, or larger pools, as far as `riskengine doctor` finds connections for "
            "them.",
        ),
        related=("riskengine_pool_connections", "riskengine_pool_connections_most", "riskengine_http_request_seconds"),
    ),
    Alert(
        name="HistoriesRebuilt",
        severity=Severity.WARNING,
        rule=Rule(
            "sum(rate(riskengine_histories_rebuilt_total[5m])) / sum(rate(riskengine_decided_total[5m]))",
            15 * _MINUTE,
            "1",
            0.1,
        ),
        summary="Histories of accounts are made again from PostgreSQL all the time",
        meaning="Valkey forgets them before they are used again. Decisions are right all the same, and cost "
        "PostgreSQL more.",
        feel="Decisions are slower.",
        why="A tenth of all decisions, for a quarter of an hour: after a restart of Valkey each account is rebuilt "
        "once.",
        causes=(
            "Valkey has too little memory: `evicted_keys` of its `INFO stats` grows.",
            "Valkey is restarted or emptied again and again.",
            "Many accounts are new: the first transaction of each counts. Then it is no fault.",
        ),
        todo=(
            "`riskengine doctor` shows Valkey's memory: give it more.",
            "After it was emptied, `riskengine histories rebuild` makes all of them before they are asked for.",
        ),
        related=("riskengine_histories_unkept_total", "riskengine_cache_requests_total"),
    ),
    Alert(
        name="ModelDegraded",
        severity=Severity.WARNING,
        rule=Rule(
            f"{_DEGRADED} / ({_DEGRADED} + sum(rate(riskengine_model_scored_total[5m])))", 5 * _MINUTE, "1", 0.01
        ),
        summary="More than 1 % of transactions are decided without the model",
        meaning="It is late, busy, failing, or left alone for that (`cause`). Rules and behaviour decide without it.",
        feel="Nothing at once; decisions are worse than they could be.",
        why="One in a hundred, for five minutes: a hiccup of the machine passes. Without a model there is no rate, "
        "and no alert.",
        causes=(
            "`late`: it takes longer than the deadline of its bundle; the machine is too busy for it.",
            "`busy`: the batch before was late.",
            "`failed`, `not_a_number`: something is wrong with it. `open`: that was so again and again.",
        ),
        todo=(
            "See `riskengine_model_degraded_total` by `cause`, and `riskengine_model_seconds`.",
            "`late`, `busy`: more processors, a smaller model, or a longer deadline; see [models](../model.md).",
            "`failed`: `riskengine models rollback` to the version before, or to `none`.",
        ),
        related=("riskengine_model_seconds", "riskengine_breaker_state"),
    ),
    Alert(
        name="RollupsBehind",
        severity=Severity.WARNING,
        rule=Rule("max(riskengine_rollups_behind_seconds)", 5 * _MINUTE, "s", 60),
        summary="Analytics lack the decisions of the last minutes",
        meaning="A transaction of PostgreSQL stays open, in whichever database of the server, or workers do not come "
        "to it.",
        feel="[Analytics](../analytics.md) are that old. Decisions are not concerned.",
        why="A minute, where seconds are usual; for five minutes: a long report passes.",
        causes=(
            "A session that somebody forgot, idle in a transaction.",
            "A backup or a report that takes long.",
            "Workers are busy with a backlog.",
        ),
        todo=(
            "`pg_stat_activity` by `backend_xid` and `xact_start` shows which: end what was forgotten.",
            "`riskengine rollups check` compares them with all decisions.",
        ),
        related=("riskengine_rollups_counted_total",),
    ),
)
"""The most urgent first."""
