"""The way of a transaction, from its acceptance to its decision."""

from riskengine.operations.dashboards.panel import Dashboard, Panel, Query, Section, looked_at, quantile, rate, total

PIPELINE = Dashboard(
    "pipeline",
    "riskengine: pipeline",
    "The way of a transaction, step by step: where it waits, and where it has to be done again.",
    (
        Section(
            "In",
            (
                Panel(
                    title="Accepted",
                    meaning="Transactions accepted a second, by the way they came; and those sent again under a "
                    "known key.",
                    queries=(rate("riskengine_accepted_total", "by"), total("riskengine_replayed_total", "sent again")),
                    unit="ops",
                ),
                Panel(
                    title="Storing them",
                    meaning="Time that storing accepted transactions took in PostgreSQL, a group or a batch.",
                    queries=tuple(quantile(share, "riskengine_ingest_store_seconds") for share in (0.5, 0.95, 0.99)),
                    unit="s",
                ),
                Panel(
                    title="Waiting to be stored",
                    meaning="Transactions that no statement has taken yet, in the process with most of them.",
                    queries=(Query("max(riskengine_ingest_waiting)", "waiting"),),
                ),
                Panel(
                    title="Refused",
                    meaning="Requests refused a second because a limit was reached; not those of single keys.",
                    queries=(looked_at("RequestsRefused", "{{limit}}"),),
                    unit="reqps",
                    alerts=("RequestsRefused",),
                ),
                Panel(
                    title="Problems",
                    meaning="Requests answered with a problem, a second, by problem.",
                    queries=(rate("riskengine_problems_total", "problem"),),
                    unit="reqps",
                ),
                Panel(
                    title="Limits that do not hold",
                    meaning="Requests let through a second although nobody counted them: Valkey did not answer.",
                    queries=(looked_at("RateLimitsOpen", "let through"),),
                    unit="reqps",
                    alerts=("RateLimitsOpen",),
                ),
            ),
        ),
        Section(
            "Queue",
            (
                Panel(
                    title="Put on the stream",
                    meaning="Transactions queued a second when they were accepted.",
                    queries=(total("riskengine_published_total", "queued"),),
                    unit="ops",
                ),
                Panel(
                    title="Left to the relay",
                    meaning="Accepted transactions that could not be queued at once, a second, by the reason.",
                    queries=(looked_at("LeftToRelay", "{{why}}"),),
                    unit="ops",
                    alerts=("LeftToRelay",),
                ),
                Panel(
                    title="Relayed",
                    meaning="Transactions queued again a second: `lost` were on no stream, `retry` had failed before.",
                    queries=(rate("riskengine_relayed_total", "why"),),
                    unit="ops",
                    alerts=("MessagesLost",),
                ),
                Panel(
                    title="Putting them there",
                    meaning="Time that putting a group of accepted transactions on the stream took.",
                    queries=tuple(quantile(share, "riskengine_publish_seconds") for share in (0.5, 0.95, 0.99)),
                    unit="s",
                ),
                Panel(
                    title="In the queue",
                    meaning="Time that the oldest message of a batch was in the queue before it was read.",
                    queries=tuple(quantile(share, "riskengine_queue_wait_seconds") for share in (0.5, 0.95, 0.99)),
                    unit="s",
                ),
                Panel(
                    title="Pauses",
                    meaning="Times a second that consumers paused, by the part that was away; `contention`: others "
                    "decided.",
                    queries=(rate("riskengine_pauses_total", "part"),),
                    unit="ops",
                ),
            ),
        ),
        Section(
            "Deciding",
            (
                Panel(
                    title="Stages",
                    meaning="Time within which 95 of 100 batches passed a stage of deciding.",
                    queries=(quantile(0.95, "riskengine_decide_seconds", by="stage"),),
                    unit="s",
                ),
                Panel(
                    title="Batches",
                    meaning="Messages in a batch: the more wait, the larger they get.",
                    queries=(
                        Query(
                            "sum(rate(riskengine_batch_size_sum[5m])) / sum(rate(riskengine_batch_size_count[5m]))",
                            "mean",
                        ),
                        quantile(0.95, "riskengine_batch_size"),
                    ),
                ),
                Panel(
                    title="Decided twice",
                    meaning="Share of verdicts refused because others had decided on the account first.",
                    queries=(looked_at("WorkDoneTwice", "refused"),),
                    unit="percentunit",
                    alerts=("WorkDoneTwice",),
                ),
                Panel(
                    title="Histories rebuilt",
                    meaning="Histories made again from PostgreSQL, as a share of decisions: Valkey had forgotten them.",
                    queries=(
                        Query(
                            "sum(rate(riskengine_histories_rebuilt_total[5m])) / "
                            "sum(rate(riskengine_decided_total[5m]))",
                            "rebuilt",
                        ),
                    ),
                    unit="percentunit",
                    alerts=("HistoriesRebuilt",),
                ),
                Panel(
                    title="Histories not kept",
                    meaning="Histories that Valkey did not take after a commit, a second: they will be rebuilt.",
                    queries=(total("riskengine_histories_unkept_total", "not kept"),),
                    unit="ops",
                ),
                Panel(
                    title="Failed",
                    meaning="Transactions a second that scoring could not take, that are tried again, that became "
                    "dead letters.",
                    queries=(
                        total("riskengine_undecidable_total", "not scored"),
                        looked_at("RetriesGoOn", "tried again"),
                        total("riskengine_dead_letters_total", "dead letters"),
                    ),
                    unit="ops",
                    alerts=("RetriesGoOn",),
                ),
            ),
        ),
        Section(
            "After it",
            (
                Panel(
                    title="Analytics behind",
                    meaning="Seconds of decisions that analytics may lack.",
                    queries=(looked_at("RollupsBehind", "behind"),),
                    unit="s",
                    alerts=("RollupsBehind",),
                ),
                Panel(
                    title="Counted",
                    meaning="Decisions added to what analytics are read from, a second.",
                    queries=(total("riskengine_rollups_counted_total", "counted"),),
                    unit="ops",
                ),
                Panel(
                    title="Filled from the past",
                    meaning="Transactions and accounts that features were filled from, a second: after a new "
                    "catalogue, or a loss.",
                    queries=(rate("riskengine_backfilled_total", "what"),),
                    unit="ops",
                ),
            ),
        ),
    ),
)
"""The dashboard."""
