"""What becomes of transactions: those that nobody decides, cannot decide, or decides twice; and silence."""

from riskengine.operations.alert import Alert, Rule, Severity
from riskengine.operations.alerting.counted import grown
from riskengine.operations.signals import DEFINITIONS, Signal

_MINUTE = 60.0

_DEPTH = DEFINITIONS[Signal.QUEUE_DEPTH].promql
_DEPTH_BEFORE = "max(riskengine_queue_depth offset 5m)"
_ACCEPTED = DEFINITIONS[Signal.ACCEPTED_RATE].promql

ALERTS: tuple[Alert, ...] = (
    Alert(
        name="NoDecisions",
        severity=Severity.CRITICAL,
        rule=Rule(f"{_ACCEPTED} > 0 and on () {grown('riskengine_decided_total', 1)} == 0", 1 * _MINUTE, "1/s"),
        summary="Transactions are accepted, and none was decided for a minute",
        meaning="The API works and nothing behind it does. All that was accepted is in PostgreSQL, and is decided "
        "later.",
        feel="Payments that wait for their decision stay open.",
        why="Any traffic, and no decision at all within a minute; another minute, so that a lone transaction that "
        "was just accepted calls nobody.",
        causes=(
            "No worker lives (then [NoWorker](NoWorker.md) says so), or all of them hang.",
            "Workers wait for a part that is away: `consumer_paused` in their log names it.",
            "The queue is gone: Valkey was emptied, or is another one than the API's.",
        ),
        todo=(
            "`GET /api/v1/workers` shows the workers that live and what they have in hand.",
            "`riskengine doctor` tells which part does not answer: bring it back.",
            "Restart workers that hang; others take over what they had.",
        ),
        demands=("M1",),
        related=("riskengine_processes", "riskengine_pauses_total", "riskengine_breaker_state"),
    ),
    Alert(
        name="QueueGrows",
        severity=Severity.WARNING,
        rule=Rule(
            f"{_DEPTH} > 100 and on () {_DEPTH} > {_DEPTH_BEFORE} and on () "
            'max(riskengine_processes{role="worker"}) > 0',
            5 * _MINUTE,
            "messages",
        ),
        summary="The queue grows although workers live",
        meaning="For ten minutes there was always more in the queue than five minutes before. What lives does not "
        "work, or not enough.",
        feel="Decisions of what was sent to `POST /transactions` come later and later.",
        why="Below 100 it is a batch's worth. Against five minutes before, for five minutes: a spike that is being "
        "drained does not look so.",
        causes=(
            "More comes in than the workers decide, and nothing scales them.",
            "One account floods one partition; others are decided as ever.",
            "Workers pause, or decide the same accounts again and again (`riskengine_stale_total`).",
        ),
        todo=(
            "`GET /api/v1/workers` shows which partition grows, and which worker does nothing.",
            "Compare `riskengine_accepted_total` with `riskengine_decided_total`: if both move, give it more workers "
            "(`riskengine scale worker=4`, or replicas).",
            "If nothing is decided, go on as for [NoDecisions](NoDecisions.md).",
        ),
        demands=("M1",),
        related=("riskengine_decided_total", "riskengine_pauses_total", "riskengine_stale_total"),
    ),
    Alert(
        name="DeadLetters",
        severity=Severity.WARNING,
        rule=Rule(grown("riskengine_dead_letters_total", 15), 0, "messages", 0),
        summary="Messages became dead letters",
        meaning="These transactions are not decided by themselves any more: a person has to look.",
        feel="Some payments get no decision at all.",
        why="Each one counts, so it is told at once, and stays for 15 minutes.",
        causes=(
            "A fault in the engine, or in what was published, that meets some transactions: the `error` of the "
            "letter names it.",
            "`UnknownVersion`: a worker is older than an API process.",
            "Somebody else writes to the stream.",
        ),
        todo=(
            "`riskengine dlq stats` shows the causes, `riskengine dlq show` all that is known of one.",
            "Correct the cause: roll back what was published, or bring old workers to this version.",
            "`riskengine dlq replay` with `--cause`; what nobody wants any more is closed by `riskengine dlq discard`.",
        ),
        related=("riskengine_retried_total", "riskengine_undecidable_total"),
    ),
    Alert(
        name="RetriesGoOn",
        severity=Severity.WARNING,
        rule=Rule("sum(rate(riskengine_retried_total[5m]))", 10 * _MINUTE, "1/s", 0),
        summary="Transactions fail again and again, and are tried again",
        meaning="Something fails now and then and succeeds later; else there would be dead letters.",
        feel="Some decisions come seconds later.",
        why="Any, for ten minutes: what fails once is tried again within 10 s, and then there is an end of it.",
        causes=(
            "A fault in the engine that depends on more than the transaction.",
            "A worker that lacks what others have: memory, a model, a version.",
        ),
        todo=(
            "The log has `transaction_undecidable` with the traceback; see whether it is always the same process.",
            "Restart that process; roll back what was published last if it began then.",
        ),
        related=("riskengine_undecidable_total", "riskengine_dead_letters_total"),
    ),
    Alert(
        name="LeftToRelay",
        severity=Severity.WARNING,
        rule=Rule("sum by (why) (rate(riskengine_left_to_relay_total[5m]))", 5 * _MINUTE, "1/s", 0),
        summary="Accepted transactions cannot be queued at once",
        meaning="They are in PostgreSQL, and the relay of the workers queues them when there is room. `why` says "
        "what hinders.",
        feel="Decisions of what was sent to `POST /transactions` come some seconds later.",
        why="Any, for five minutes: a restart of Valkey takes less.",
        causes=(
            "`away`: Valkey does not answer.",
            "`full`: the queue has `QUEUE_LIMIT` messages; workers are far behind.",
            "`slow`: Valkey takes them too slowly.",
        ),
        todo=(
            "`away`: bring Valkey back; `riskengine doctor` shows what it says.",
            "`full`: more workers, as for [QueueDepthCritical](QueueDepthCritical.md).",
            "`slow`: give Valkey a processor of its own, or look for slow commands (`SLOWLOG GET`).",
        ),
        related=("riskengine_published_total", "riskengine_relayed_total"),
    ),
    Alert(
        name="MessagesLost",
        severity=Severity.WARNING,
        rule=Rule('sum(rate(riskengine_relayed_total{why="lost"}[5m]))', 5 * _MINUTE, "1/s", 0),
        summary="Transactions have to be queued again all the time",
        meaning="They were accepted, and no stream held them: Valkey lost them, or never took them. None is lost for "
        "good.",
        feel="Decisions of these come seconds later (`RELAY_AFTER_MS`).",
        why="Any, for five minutes: what one restart of Valkey loses is queued again in less.",
        causes=(
            "Valkey is restarted or emptied again and again, or a node of a cluster is.",
            "Valkey is full and drops what it should keep: its `maxmemory-policy` is not `volatile-ttl`.",
            "Transactions were left to the relay before: [LeftToRelay](LeftToRelay.md).",
        ),
        todo=(
            "`riskengine doctor` shows Valkey's memory and policy.",
            "Of a cluster, ask each master (`INFO memory`, `CLUSTER INFO`).",
        ),
        related=("riskengine_left_to_relay_total",),
    ),
    Alert(
        name="WorkDoneTwice",
        severity=Severity.WARNING,
        rule=Rule(
            "sum(rate(riskengine_stale_total[5m])) / sum(rate(riskengine_decided_total[5m]))",
            15 * _MINUTE,
            "1",
            0.1,
        ),
        summary="More than a tenth of the work of deciding is done twice",
        meaning="Workers meet on the same accounts: one of two is refused, and decides again. Results are right all "
        "the same.",
        feel="Nothing, or slower decisions for the accounts concerned.",
        why="A tenth costs a tenth of a worker. Fifteen minutes: one busy account passes.",
        causes=("One account has much of the traffic.", "Many consumers, and few accounts."),
        todo=(
            "Lower `WORKER_CONSUMERS`, or raise `WORKER_BATCH_SIZE`: then fewer meet.",
            "If one account floods: give its key a limit (`riskengine keys limit`).",
        ),
        related=("riskengine_pauses_total",),
    ),
    Alert(
        name="RequestsRefused",
        severity=Severity.WARNING,
        rule=Rule('sum by (limit) (rate(riskengine_refused_total{limit!="rate"}[1m]))', 1 * _MINUTE, "1/s", 0),
        summary="Requests are refused because a limit is reached",
        meaning="An API process has as much in hand as it may have. It refuses the rest at once, and loses nothing. "
        "What keys send above their own limits is not meant.",
        feel="503 with `Retry-After`.",
        why="Any, for a minute: a burst of a second is what the limits are for.",
        causes=(
            "`waiting`: PostgreSQL does not store as fast as transactions come in (`INGEST_QUEUE_LIMIT`).",
            "`under_way`: too many requests at once for so few API processes.",
            "`bodies`: large or slow bodies (`API_BODY_BUDGET_MIB`).",
        ),
        todo=(
            "`waiting`: see what PostgreSQL waits for; more API processes do not help.",
            "`under_way`: more API processes (`riskengine scale api=4`, or replicas).",
            "`bodies`: smaller batches, or a larger budget.",
        ),
        related=("riskengine_ingest_waiting", "riskengine_http_requests_under_way", "riskengine_body_bytes"),
    ),
    Alert(
        name="RateLimitsOpen",
        severity=Severity.WARNING,
        rule=Rule("sum(rate(riskengine_rate_limits_open_total[1m]))", 1 * _MINUTE, "1/s", 0),
        summary="The rate limits of API keys do not hold",
        meaning="Valkey does not answer, and counts nothing: requests are let through rather than refused.",
        feel="Nothing; a key may send more than it should.",
        why="Any, for a minute: a failover of Valkey takes less.",
        causes=("Valkey is away, or cut off from the API processes.",),
        todo=("Bring Valkey back (`riskengine doctor`); the limits hold again by themselves.",),
        related=("riskengine_breaker_state",),
    ),
)
"""The most urgent first."""
