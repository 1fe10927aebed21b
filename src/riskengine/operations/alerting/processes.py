"""The engine's processes: whether they are there, are seen, run what is published, and get to work."""

from riskengine.operations.alert import Alert, Rule, Severity
from riskengine.operations.alerting.counted import grown

_MINUTE = 60.0

_LOOP_DELAY = "sum by (role, le) (rate(riskengine_event_loop_delay_seconds_bucket[1m]))"

ALERTS: tuple[Alert, ...] = (
    Alert(
        name="NoWorker",
        severity=Severity.CRITICAL,
        rule=Rule("absent(riskengine_queue_depth)", 1 * _MINUTE),
        summary="No worker shows its metrics",
        meaning="Either none lives, and nothing is decided but by `POST /decisions`; or nobody can see them, and all "
        "alerts on the queue are blind.",
        feel="Decisions of what was sent to `POST /transactions` do not come.",
        why="A minute: a restart takes less. Where there is no series at all, no threshold could speak; so this "
        "looks for their absence.",
        causes=(
            "Workers cannot start: the end of their log says why.",
            "They live, and are not scraped: `WORKER_METRICS_PORT` is unset, or Prometheus does not know them.",
        ),
        todo=(
            "`GET /api/v1/workers` shows those that live.",
            "If none does: start workers, and read how the last ones ended (`worker_failed`).",
            "If some do: correct what Prometheus scrapes.",
        ),
        related=("riskengine_processes",),
    ),
    Alert(
        name="NoApi",
        severity=Severity.CRITICAL,
        rule=Rule("absent(riskengine_http_requests_under_way)", 1 * _MINUTE),
        summary="No API process shows its metrics",
        meaning="Either none lives, and nothing is accepted; or nobody can see them, and all alerts on the API are "
        "blind.",
        feel="Payments get no answer at all.",
        why="A minute: a restart takes less. It looks for absence, since what is not there has no value.",
        causes=(
            "API processes cannot start: without PostgreSQL, or with wrong settings, they end at once and say why.",
            "They live, and are not scraped.",
        ),
        todo=(
            "`curl -s $URL/health/ready` tells whether one answers.",
            "If none does: read the end of their log, and `riskengine doctor`.",
            "If one does: correct what Prometheus scrapes.",
        ),
        related=("riskengine_processes",),
    ),
    Alert(
        name="TargetDown",
        severity=Severity.WARNING,
        rule=Rule("up == 0 and on (job, instance) last_over_time(riskengine_memory_bytes[1d])", 1 * _MINUTE),
        summary="A process of the engine cannot be scraped any more",
        meaning="It is dead, or so busy that it does not answer. The others go on.",
        feel="Nothing, as long as enough others live.",
        why="A minute: a restart takes less. A target counts as ours if it showed our metrics within the last day, "
        "whatever its job is called; so this ends by itself after a day.",
        causes=(
            "The process died and was not started again.",
            "It hangs: an API process answers scrapes by the same event loop as requests.",
            "It was taken away, and Prometheus still has its address.",
        ),
        todo=(
            "Read the end of its log; `instance` says which one it is.",
            "Start it again, or take its address out of what Prometheus scrapes.",
        ),
        related=("riskengine_processes",),
    ),
    Alert(
        name="ProcessUnwatched",
        severity=Severity.WARNING,
        rule=Rule("max by (role) (riskengine_processes) > count by (role) (riskengine_memory_bytes)", 5 * _MINUTE),
        summary="More processes live than are scraped",
        meaning="Processes say in PostgreSQL that they live. Some of them are seen by no Prometheus, so alerts know "
        "nothing of them.",
        feel="Nothing.",
        why="One is enough. Five minutes: new processes are found by then, and dead ones forgotten.",
        causes=(
            "Processes were added, and Prometheus was not told.",
            "Prometheus scrapes the balancer, and so one API process or the other, instead of each.",
            "`WORKER_METRICS_PORT` is unset for some workers.",
            "Processes that nobody thought of, with the same database.",
        ),
        todo=(
            "`GET /api/v1/rulesets/running` lists all processes; compare with the targets of Prometheus.",
            "Have Prometheus scrape each process by itself.",
        ),
    ),
    Alert(
        name="ReleaseUnusable",
        severity=Severity.CRITICAL,
        rule=Rule(grown("riskengine_reload_failures_total", 15), 0, "times", 0),
        summary="A process could not run what was published",
        meaning="It goes on with what it ran before, so processes decide by different versions.",
        feel="The same payment may be decided differently, by who takes it.",
        why="Each failure counts, is told at once, and stays for 15 minutes; [VersionsDiffer](VersionsDiffer.md) "
        "lasts as long as the difference does.",
        causes=(
            "The process is older than the publisher, and does not know what was published.",
            "It lacks the extra for models: `riskengine[model]`.",
        ),
        todo=(
            "`GET /api/v1/rulesets/running` and `release_unusable` in its log say why.",
            "Roll back (`riskengine rules rollback`, or that of `features`, `rates`, `models`), or bring the process "
            "to this version.",
        ),
        related=("riskengine_running_version", "riskengine_reload_seconds"),
    ),
    Alert(
        name="VersionsDiffer",
        severity=Severity.WARNING,
        rule=Rule(
            "max by (kind) (riskengine_running_version offset 1m) > min by (kind) (riskengine_running_version)",
            2 * _MINUTE,
        ),
        summary="Processes run different versions of the same thing",
        meaning="Some process does not follow what is published: of the `kind`, it runs an older version than "
        "another one ran a minute ago, or a newer one than it was rolled back to.",
        feel="The same payment may be decided differently, by who takes it.",
        why="Every process follows within a second. Compared with a minute ago, so that lists that change all the "
        "time do not look so; for two minutes, so that a rollback does not.",
        causes=(
            "The process cannot use the new version: [ReleaseUnusable](ReleaseUnusable.md).",
            "It does not reach PostgreSQL, or hangs.",
            "Two databases: not all processes have the same `DATABASE_URL`.",
        ),
        todo=(
            "`GET /api/v1/rulesets/running` shows what each process runs, and its problem.",
            "Restart the one that is behind; if it ends at once, its log says why.",
        ),
        related=("riskengine_reload_failures_total",),
    ),
    Alert(
        name="EventLoopBlocked",
        severity=Severity.WARNING,
        rule=Rule(f"histogram_quantile(0.99, {_LOOP_DELAY})", 2 * _MINUTE, "s", 0.1),
        summary="The event loop of processes is late by more than 100 ms",
        meaning="Something keeps the only thread of a process busy, and all else in it waits.",
        feel="Answers are slower by that, now and then.",
        why="100 ms is half of what an answer may take. The slowest hundredth, for two minutes: one large body passes.",
        causes=(
            "The machine has more to run than processors, or throttles the container.",
            "Large rule sets, bodies or batches, which are worked on in one piece.",
            "Too much load for so few processes.",
        ),
        todo=(
            "See whether `riskengine_cpu_seconds_total` of that `role` grows by nearly one a second: then more "
            "processes.",
            "If it does not: the machine gives it no processor. See its load, and the container's limit.",
        ),
        related=("riskengine_cpu_seconds_total",),
    ),
)
"""The most urgent first."""
