"""What a plan writes for deployments is what chart and compose take."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from riskengine.capacity import deployment
from riskengine.capacity.demand import Demand
from riskengine.capacity.plan import plan
from riskengine.capacity.values import Values
from riskengine.settings import Settings
from tests.capacity.calibrations import TYPICAL
from tests.docs.pages import ROOT

CHART = ROOT / "deploy" / "chart" / "riskengine"
PLANS = [plan(Demand(tps, tps * 2), TYPICAL) for tps in (1, 500, 50_000)]


def variables(path: Path) -> dict[str, str]:
    """The variables of a file of compose."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def over(usual: dict[str, Any], written: dict[str, Any]) -> dict[str, Any]:
    """The usual values with those written in their places, as Helm does it; none may be new."""
    assert written.keys() <= usual.keys() | {"limits", "requests"}
    return usual | {
        name: over(usual[name], value) if isinstance(value, dict) else value for name, value in written.items()
    }


def test_the_chart_knows_every_value_and_takes_it(tmp_path: Path) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    usual = yaml.safe_load((CHART / "values.yaml").read_text())
    for found in PLANS:
        chart, _ = deployment.write(Values.of(found), tmp_path)
        written = yaml.safe_load(chart.read_text())
        jsonschema.validate(over(usual, written), schema)
        assert written["api"]["replicas"] == found.api.value


def test_compose_knows_every_variable_and_none_that_depends_on_the_load_is_missing(tmp_path: Path) -> None:
    usual = variables(ROOT / "deploy" / "compose.env")
    for found in PLANS:
        _, compose = deployment.write(Values.of(found), tmp_path)
        assert variables(compose).keys() == usual.keys() - {"RISKENGINE_IMAGE", "HTTP_PORT"}


def test_the_settings_are_ones_and_within_their_bounds() -> None:
    addresses = {"DATABASE_URL": "postgresql://here/db", "REDIS_URL": "redis://here"}
    for found in PLANS:
        settings = deployment.settings(Values.of(found))
        loaded = Settings.load({**addresses, **{name: str(value) for name, value in settings.items()}})
        assert {name: getattr(loaded, name.lower()) for name in settings} == settings
