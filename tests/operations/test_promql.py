"""All PromQL, of signals, alerts and dashboards, speaks of metrics and labels that there are."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import promql_parser
import pytest
from prometheus_client import REGISTRY

import riskengine.api.app
import riskengine.worker.worker  # noqa: F401  (with the API, all metrics)
from riskengine.operations.alerts import ALERTS
from riskengine.operations.dashboards.all import DASHBOARDS
from riskengine.operations.signals import DEFINITIONS
from tests.docs.pages import ROOT, Page

OF_TARGETS = {"job", "instance"}
"""Labels that Prometheus gives to every series."""

OTHERS = {
    "up": OF_TARGETS,
    "process_start_time_seconds": OF_TARGETS,
    "ALERTS": {"alertname", "alertstate", "severity"},
}
"""Series that are not the engine's own, and their labels."""

QUERIES: dict[str, str] = (
    {f"signal {signal}": definition.promql for signal, definition in DEFINITIONS.items()}
    | {f"alert {alert.name}": alert.rule.expression for alert in ALERTS}
    | {
        f"{dashboard.name}: {panel.title}, {number}": query.promql
        for dashboard in DASHBOARDS
        for panel in dashboard.panels
        for number, query in enumerate(panel.queries, 1)
    }
)


class Spoken(msgspec.Struct):
    """Which series an expression selects by which labels, and by which labels it groups or matches."""

    selected: list[tuple[str, set[str]]]
    grouped: set[str]


def _series() -> dict[str, set[str]]:
    """The labels of each series that the page's table of metrics promises."""
    labels: dict[str, set[str]] = {}
    for collector in list(REGISTRY._collector_to_names):
        for family in collector.collect():
            names = getattr(collector, "_labelnames", getattr(family, "_labelnames", ()))
            labels[f"{family.name}_total" if family.type == "counter" else family.name] = set(names)
    found: dict[str, set[str]] = dict(OTHERS)
    for cell, kind, *_ in Page.read(ROOT / "docs" / "operate.md").table("metric"):
        name = cell.strip("`")
        of = labels[name] | OF_TARGETS
        if kind == "histogram":
            found |= {f"{name}_bucket": of | {"le"}, f"{name}_sum": of, f"{name}_count": of}
        else:
            found[name] = of
    return found


SERIES = _series()


def spoken(promql: str) -> Spoken:
    """What an expression speaks of. Raises ValueError if it is none."""
    found = Spoken([], set())

    def visit(node: Any) -> None:
        match node:
            case promql_parser.VectorSelector():
                found.selected.append((str(node.name), {matcher.name for matcher in node.matchers.matchers}))
            case promql_parser.AggregateExpr() if node.modifier is not None:
                found.grouped |= set(node.modifier.labels)
            case promql_parser.BinaryExpr() if node.modifier is not None and node.modifier.matching is not None:
                found.grouped |= set(node.modifier.matching.labels)

    promql_parser.walk(promql_parser.parse(promql), visit)
    return found


def faults(promql: str) -> Iterator[str]:
    """What it speaks of and is not there."""
    said = spoken(promql)
    for name, labels in said.selected:
        yield from (f"no metric {name}" for _ in range(name not in SERIES))
        yield from (f"{name} has no label {label}" for label in labels - SERIES.get(name, labels))
    known = set().union(*(SERIES.get(name, set()) for name, _ in said.selected))
    yield from (f"nothing there has a label {label}" for label in said.grouped - known)


@pytest.mark.parametrize("where", QUERIES)
def test_it_speaks_of_what_there_is(where: str) -> None:
    assert list(faults(QUERIES[where])) == []


def test_series_are_named_by_labels_that_they_have() -> None:
    unknown = [
        f"{dashboard.name}: {panel.title}: {label}"
        for dashboard in DASHBOARDS
        for panel in dashboard.panels
        for query in panel.queries
        for label in re.findall(r"{{(\w+)}}", query.legend)
        if label not in spoken(query.promql).grouped
    ]

    assert unknown == []


@pytest.mark.parametrize(
    ("promql", "fault"),
    [
        ("sum(riskengine_gone_total)", "no metric riskengine_gone_total"),
        ("riskengine_queue_depth{gone='1'}", "riskengine_queue_depth has no label gone"),
        ("sum by (gone) (riskengine_queue_depth)", "nothing there has a label gone"),
        ("rate(riskengine_batch_size[5m])", "no metric riskengine_batch_size"),
    ],
)
def test_what_is_not_there_is_found(promql: str, fault: str) -> None:
    assert list(faults(promql)) == [fault]


def test_what_cannot_be_read_is_found() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        spoken("sum(riskengine_queue_depth")
