"""The alerts as Prometheus reads them: a file of rules."""

import re
from collections.abc import Sequence
from typing import Any

import yaml

from riskengine.operations.alert import Alert
from riskengine.operations.alerts import GROUPS, Group

_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_SHOWN = {"s": "humanizeDuration", "1": "humanizePercentage"}
"""By the unit of a value, how Prometheus writes one for people; all others as a number."""

_TOP = "# Made by `riskengine alerts rules`: change it there, or your changes are lost with the next version.\n"


def rules(runbooks: str | None = None, groups: Sequence[Group] = GROUPS) -> str:
    """The file, as YAML. `runbooks` is the address below which the pages of docs/alerts are found, to be linked."""
    found = [{"name": group.name, "rules": [_rule(alert, runbooks) for alert in group.alerts]} for group in groups]
    return _TOP + yaml.safe_dump({"groups": found}, sort_keys=False, width=1000, allow_unicode=True)


def duration(seconds: float) -> str:
    """A duration as Prometheus writes it, in the largest unit that it is whole in."""
    whole = int(seconds)
    return f"{whole // 60}m" if whole and whole % 60 == 0 else f"{whole}s"


def _rule(alert: Alert, runbooks: str | None) -> dict[str, Any]:
    labels = {"severity": str(alert.severity)}
    if alert.action is not None:
        labels["action"] = alert.action
    annotations = {"summary": alert.summary, "description": _description(alert)}
    if runbooks is not None:
        annotations["runbook_url"] = f"{runbooks.rstrip('/')}/{alert.name}.md"
    rule = {"alert": alert.name, "expr": alert.rule.expression}
    if alert.rule.hold_s:
        rule["for"] = duration(alert.rule.hold_s)
    return {**rule, "labels": labels, "annotations": annotations}


def _description(alert: Alert) -> str:
    """What it means, without links and marks, and the value by which it was told."""
    text = _LINK.sub(r"\1", alert.meaning).replace("`", "")
    if not alert.rule.unit:
        return text
    return f"{text} Now: {{{{ $value | {_SHOWN.get(alert.rule.unit, 'humanize')} }}}}{_counted(alert.rule.unit)}."


def _counted(unit: str) -> str:
    return "" if unit in _SHOWN else f" {unit.replace('1/s', 'a second')}"
