"""What a dashboard is made of."""

from enum import StrEnum

import msgspec

from riskengine.operations.alerts import BY_NAME
from riskengine.operations.signals import DEFINITIONS, Signal


class Shown(StrEnum):
    """How a panel shows its values."""

    FIGURE = "figure"
    """As they are now, large."""
    LINES = "lines"
    """Over time."""
    SHARES = "shares"
    """Over time, stacked: each as its share of all."""


class Query(msgspec.Struct, frozen=True):
    """PromQL, and what each series is called: a text in which `{{label}}` stands for a label's value."""

    promql: str
    legend: str = ""


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One panel. `meaning` is one line; `unit` is Grafana's name of it."""

    title: str
    meaning: str
    queries: tuple[Query, ...]
    unit: str = "short"
    shown: Shown = Shown.LINES
    alerts: tuple[str, ...] = ()
    """Alerts whose thresholds are drawn."""
    well_from: float | None = None
    """Where no alert has a threshold: below it something is wrong."""
    bad_from: float | None = None
    """Where no alert has a threshold: from it on something is wrong."""


class Section(msgspec.Struct, frozen=True):
    """Panels below one heading."""

    title: str
    panels: tuple[Panel, ...]


class Dashboard(msgspec.Struct, frozen=True):
    """One dashboard. `name` is that of its file and, with `riskengine-` before it, its uid in Grafana."""

    name: str
    title: str
    meaning: str
    sections: tuple[Section, ...]

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All of its panels, as they are read."""
        return tuple(panel for section in self.sections for panel in section.panels)


def signal(which: Signal, legend: str = "") -> Query:
    """A signal as alerts and the autoscaler see it."""
    return Query(DEFINITIONS[which].promql, legend)


def looked_at(alert: str, legend: str = "") -> Query:
    """What an alert looks at, as it sees it."""
    return Query(BY_NAME[alert].rule.value, legend)


def rate(counter: str, by: str, window: str = "5m") -> Query:
    """By how much a counter grows a second, for each value of a label."""
    return Query(f"sum by ({by}) (rate({counter}[{window}]))", f"{{{{{by}}}}}")


def total(counter: str, legend: str, window: str = "5m") -> Query:
    """By how much a counter grows a second, over all processes."""
    return Query(f"sum(rate({counter}[{window}]))", legend)


def quantile(share: float, histogram: str, by: str = "", window: str = "5m") -> Query:
    """The value that so large a share of what a histogram saw does not exceed; with `by`, for each value of a label."""
    labels, legend = (f"{by}, le", f"{{{{{by}}}}}") if by else ("le", f"p{100 * share:g}")
    return Query(f"histogram_quantile({share:g}, sum by ({labels}) (rate({histogram}_bucket[{window}])))", legend)
