"""All alerts: the one source of Prometheus's rules, of the pages about them, and of the dashboards' thresholds."""

import msgspec

from riskengine.operations.alert import Alert
from riskengine.operations.alerting import flow, limits, parts, processes, scaling


class Group(msgspec.Struct, frozen=True):
    """Alerts that look at the same thing. Prometheus evaluates them together, one after the other."""

    name: str
    title: str
    alerts: tuple[Alert, ...]


GROUPS: tuple[Group, ...] = (
    Group("riskengine-limits", "Figures and their limits", limits.ALERTS),
    Group("riskengine-flow", "What becomes of transactions", flow.ALERTS),
    Group("riskengine-parts", "What the engine stands on", parts.ALERTS),
    Group("riskengine-processes", "The engine's processes", processes.ALERTS),
    Group("riskengine-scaling", "More or fewer processes", scaling.ALERTS),
)
"""As Prometheus's rules have them, and in the order of the index."""

ALERTS: tuple[Alert, ...] = tuple(alert for group in GROUPS for alert in group.alerts)
"""All of them."""

BY_NAME: dict[str, Alert] = {alert.name: alert for alert in ALERTS}
