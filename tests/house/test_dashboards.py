"""Grafana's files and the page on dashboards say what their source says."""

import json
import runpy
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard as Model

from riskengine.operations.alerts import BY_NAME
from riskengine.operations.dashboards.all import DASHBOARDS, for_grafana
from riskengine.operations.dashboards.panel import Dashboard

ROOT = Path(__file__).parents[2]


def _panels(dashboard: Dashboard) -> list[dict[str, Any]]:
    return list(json.loads(for_grafana(dashboard))["panels"])


def test_files_are_what_the_source_says() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "dashboards.py"))["files"]()

    assert {path: path.read_text() for path in made} == made, "run: python scripts/dashboards.py"
    assert {path for path in made if path.suffix == ".json"} == set(
        (ROOT / "src/riskengine/operations/dashboards/grafana").iterdir()
    )


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_grafana_can_read_them(dashboard: Dashboard) -> None:
    # Given a file, read by Grafana's own types
    register_default_plugins()
    read = Model.from_json(json.loads(for_grafana(dashboard)))
    # Then all is there
    assert read.panels is not None
    titles = [panel.title for panel in read.panels if panel.type_val != "row"]
    assert titles == [panel.title for panel in dashboard.panels]
    # And every panel asks the Prometheus that is chosen, and says what it means
    for panel in read.panels:
        if panel.type_val != "row":
            assert panel.datasource.uid == "${datasource}"
            assert panel.description
            assert len({target.ref_id for target in panel.targets}) == len(panel.targets) > 0


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_no_panel_covers_another(dashboard: Dashboard) -> None:
    places = [panel["gridPos"] for panel in _panels(dashboard)]

    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert [pair for pair in combinations(places, 2) if _overlap(*pair)] == []


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_a_panel_says_what_it_means_in_one_line(dashboard: Dashboard) -> None:
    meanings = [panel.meaning for panel in dashboard.panels]

    assert all(meaning.endswith(".") and "\n" not in meaning and len(meaning) < 120 for meaning in meanings)


def test_colours_change_where_alerts_fire() -> None:
    # Given the panel on the API's latency
    (panel,) = (panel for panel in _panels(DASHBOARDS[0]) if panel["title"] == "API p95")
    # When its thresholds are read
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    # Then they are those of its alerts
    warning, critical = (BY_NAME[name].rule.threshold for name in ("ApiLatencyWarning", "ApiLatencyCritical"))
    assert [(step["color"], step["value"]) for step in steps] == [
        ("green", None),
        ("orange", warning),
        ("red", critical),
    ]


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    return not (apart or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"])
