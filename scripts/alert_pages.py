"""Writes docs/alerts.md and one page for each alert below docs/alerts, from `riskengine.operations.alerts`.

`python scripts/alert_pages.py`; pages of alerts that are no more are removed.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from riskengine.operations.alert import Alert, Severity
from riskengine.operations.alerts import ALERTS, GROUPS, Group
from riskengine.operations.prometheus_rules import duration

DOCS = Path(__file__).parents[1] / "docs"

_METRIC = re.compile(r"riskengine_\w+")
_SUFFIX = re.compile(r"_(bucket|sum|count)$")

_ACTS = {
    Severity.CRITICAL: "Somebody is to look now.",
    Severity.WARNING: "Somebody is to look today.",
    Severity.SCALING: "An autoscaler acts; people only where none runs.",
}

_INDEX = """\
# Alerts

What operators are told, before users notice. Prometheus evaluates them, by rules that come with the engine:

```sh
riskengine alerts rules --output rules/riskengine.yml
```

```text
44 alerts are in rules/riskengine.yml; name it in Prometheus's rule_files.
```

`--runbooks` with the address below which these pages lie gives each alert a link to its own (`runbook_url`).
`riskengine alerts list` shows all in the terminal. This page and those below `docs/alerts` are made from
`riskengine/operations/alerts.py`, by `scripts/alert_pages.py`.

Prometheus has to scrape **each process by itself**, not the balancer: API processes at `/metrics` of their own port,
workers at `WORKER_METRICS_PORT`. What the jobs are called does not matter, but one Prometheus should see one
installation: the rules add up all that they see. Windows are of a minute and more, for scrapes every 15 s.

```yaml
scrape_configs:
  - job_name: riskengine
    scrape_interval: 15s
    static_configs:
      - targets: ["127.0.0.1:8000", "127.0.0.1:9100"]
rule_files: ["rules/riskengine.yml"]
```

By their label `severity`: `critical` is for somebody now, `warning` for somebody today, `scaling` for
[an autoscaler](autoscaling.md) (`action` says what it is to do). No rule fires because a series is missing or a
quotient has no traffic under it. [NoWorker](alerts/NoWorker.md) and [NoApi](alerts/NoApi.md) look for just that, and
say so when nothing can be seen at all: a Prometheus that scrapes nothing is not silent. That Prometheus itself is dead,
another one has to tell.
"""


def index() -> str:
    """The page that lists all of them."""
    return "\n".join([_INDEX.replace("44 alerts", f"{len(ALERTS)} alerts"), *map(_listed, GROUPS)])


def page(alert: Alert) -> str:
    """The page of one alert."""
    rule = alert.rule
    held = f"for {duration(rule.hold_s)} without a break" if rule.hold_s else "at once"
    demands = f" · {', '.join(alert.demands)}" if alert.demands else ""
    action = f" It asks to `{alert.action}`." if alert.action else ""
    return "\n".join(
        [
            f"# {alert.name}",
            "",
            f"**{alert.severity}**{demands} · {alert.summary}. {_ACTS[alert.severity]}{action}",
            "",
            f"**What it means.** {alert.meaning}",
            "",
            f"**What users notice.** {alert.feel}",
            "",
            "## When it fires",
            "",
            f"When this gives a value, {held}:",
            "",
            "```promql",
            rule.expression,
            "```",
            "",
            alert.why,
            "",
            "## Likely causes",
            "",
            *(f"- {cause}" for cause in alert.causes),
            "",
            "## What to do",
            "",
            *(f"{number}. {step}" for number, step in enumerate(alert.todo, 1)),
            "",
            f"Metrics: {', '.join(f'[`{name}`](../operate.md#metrics)' for name in _metrics(alert))}. "
            "[All alerts](../alerts.md), [dashboards](../dashboards.md).",
            "",
        ]
    )


def pages() -> dict[Path, str]:
    """All pages by where they belong."""
    return {DOCS / "alerts.md": index()} | {DOCS / "alerts" / f"{alert.name}.md": page(alert) for alert in ALERTS}


def _listed(group: Group) -> str:
    head = [f"## {group.title}", "", "| alert | severity | for | says |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *map(_row, group.alerts), ""])


def _row(alert: Alert) -> str:
    held = duration(alert.rule.hold_s)
    return f"| [{alert.name}](alerts/{alert.name}.md) | {alert.severity} | {held} | {alert.summary} |"


def _metrics(alert: Alert) -> Iterator[str]:
    """Those of the expression, as the table of metrics has them, and what else tells more."""
    found = (_SUFFIX.sub("", name) for name in _METRIC.findall(alert.rule.expression))
    return iter(dict.fromkeys([*found, *alert.related]))


def main() -> None:
    wanted = pages()
    (DOCS / "alerts").mkdir(exist_ok=True)
    for stale in set((DOCS / "alerts").glob("*.md")) - set(wanted):
        stale.unlink()
    for path, text in wanted.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
