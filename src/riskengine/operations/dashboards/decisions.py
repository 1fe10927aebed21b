"""What is decided, and by what."""

from riskengine.operations.dashboards.panel import Dashboard, Panel, Query, Section, Shown, looked_at, quantile, rate

DECISIONS = Dashboard(
    "decisions",
    "riskengine: decisions",
    "What is decided, by which rules and which model, and which versions decide.",
    (
        Section(
            "Outcomes",
            (
                Panel(
                    title="Decided",
                    meaning="Transactions decided a second, by outcome.",
                    queries=(rate("riskengine_decided_total", "outcome"),),
                    unit="ops",
                ),
                Panel(
                    title="Outcomes",
                    meaning="How decisions divide: a jump without a release is an attack, or a fault.",
                    queries=(rate("riskengine_decided_total", "outcome"),),
                    shown=Shown.SHARES,
                ),
                Panel(
                    title="Scores",
                    meaning="Scores, from 0 to 100, that half, 90 and 99 of 100 decisions do not exceed.",
                    queries=tuple(quantile(share, "riskengine_score") for share in (0.5, 0.9, 0.99)),
                ),
                Panel(
                    title="Mean score",
                    meaning="The mean of all scores: it drifts with the customers, and jumps with a release.",
                    queries=(
                        Query("sum(rate(riskengine_score_sum[5m])) / sum(rate(riskengine_score_count[5m]))", "mean"),
                    ),
                ),
            ),
        ),
        Section(
            "Rules",
            (
                Panel(
                    title="Rules",
                    meaning="Decisions a second that the ten busiest rules had a part in.",
                    queries=(Query("topk(10, sum by (rule) (rate(riskengine_rule_fired_total[5m])))", "{{rule}}"),),
                    unit="ops",
                ),
                Panel(
                    title="Rules in shadow",
                    meaning="Decisions a second in which rules would have had a part: in shadow mode, or snoozed.",
                    queries=(
                        Query("topk(10, sum by (rule) (rate(riskengine_rule_shadow_fired_total[5m])))", "{{rule}}"),
                    ),
                    unit="ops",
                ),
            ),
        ),
        Section(
            "Model",
            (
                Panel(
                    title="Without the model",
                    meaning="Share of transactions that the model gave no score.",
                    queries=(looked_at("ModelDegraded", "without a score"),),
                    unit="percentunit",
                    alerts=("ModelDegraded",),
                ),
                Panel(
                    title="Why without",
                    meaning="Transactions a second that the model gave no score, by cause.",
                    queries=(rate("riskengine_model_degraded_total", "cause"),),
                    unit="ops",
                ),
                Panel(
                    title="Waiting for the model",
                    meaning="Time that a batch waited for the model: beyond its deadline it is decided without.",
                    queries=tuple(quantile(share, "riskengine_model_seconds") for share in (0.5, 0.95, 0.99)),
                    unit="s",
                ),
            ),
        ),
        Section(
            "Versions",
            (
                Panel(
                    title="Running versions",
                    meaning="The newest version that a process runs, of each kind; 0 is none.",
                    queries=(Query("max by (kind) (riskengine_running_version)", "{{kind}}"),),
                ),
                Panel(
                    title="Behind",
                    meaning="By how many versions the last process is behind the first: seconds after a release, "
                    "else never.",
                    queries=(
                        Query(
                            "max by (kind) (riskengine_running_version) - min by (kind) (riskengine_running_version)",
                            "{{kind}}",
                        ),
                    ),
                ),
                Panel(
                    title="Reloads that failed",
                    meaning="Times in the last hour that a process could not run what was published.",
                    queries=(Query("sum(increase(riskengine_reload_failures_total[1h]))", "failed"),),
                    alerts=("ReleaseUnusable",),
                ),
                Panel(
                    title="Reloading",
                    meaning="Time from reading what is to run until it runs.",
                    queries=(quantile(0.95, "riskengine_reload_seconds", window="1h"),),
                    unit="s",
                ),
                Panel(
                    title="Old versions",
                    meaning="Times a second that an old engine or table of rates was asked for, and whether it was "
                    "kept.",
                    queries=(rate("riskengine_old_versions_total", "found"),),
                    unit="ops",
                ),
            ),
        ),
    ),
)
"""The dashboard."""
