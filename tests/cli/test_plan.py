"""`riskengine plan`, as it is typed."""

import json
from pathlib import Path

import pytest
import typer
import yaml
from click.testing import Result
from typer.testing import CliRunner

from riskengine.capacity.specified import SPECIFIED
from riskengine.cli import plan
from riskengine.domain.errors import ConfigurationError
from tests.capacity.calibrations import TYPICAL


@pytest.fixture
def calibration(tmp_path: Path) -> Path:
    """What `riskengine calibrate` might have written."""
    path = tmp_path / "calibration.json"
    TYPICAL.write(path)
    return path


def run(calibration: Path, *options: str) -> Result:
    app = typer.Typer()
    app.command()(plan.command)
    return CliRunner().invoke(app, ["--calibration", str(calibration), *options], catch_exceptions=False)


def test_a_plan_shows_figures_with_reasons_error_and_prices(calibration: Path) -> None:
    shown = run(calibration, "--tps", "500", "--peak", "1000").output
    words = " ".join(shown.split())
    assert "500 transactions a second, 1,000 at peak: 100% single; 24 months kept" in words
    assert "missed by 10%" in words
    for part in ("cores of PostgreSQL", "stream", "memory of Valkey", "disk, at retention", "WAL, a day", "network"):
        assert part in words
    assert "1 api × (10 + 1) + 1 worker × (5 + 1) + 5 in reserve" in words
    assert "list prices of 2025-03-01" in words
    assert "cannot hold it" in words
    for cloud in ("AWS", "GCP", "Azure", "Hetzner", "Render"):
        assert cloud in words


def test_the_same_as_json(calibration: Path) -> None:
    found = json.loads(run(calibration, "--tps", "500", "--mix", "batch", "--accounts", "1000", "--json").output)
    assert found["plan"]["demand"]["mix"]["batches"] == 1
    assert found["plan"]["error"] == 0.1
    assert found["plan"]["api"]["because"]
    assert found["values"]["api_replicas"] == found["plan"]["api"]["value"]
    assert {offer["cloud"] for offer in found["offers"]} >= {"AWS", "Hetzner"}


def test_the_specification_s_table_is_computed_beside_what_it_said(calibration: Path) -> None:
    lines = [line.split() for line in run(calibration, "--table").output.splitlines()]
    for said in SPECIFIED:
        row = next(line for line in lines if line[0] == said.name)
        assert row[1] == f"{said.tps:g}"
        assert (row[3], row[5], row[7]) == (str(said.api), str(said.workers), str(said.connections))


def test_values_are_written_for_the_chart_and_for_compose(calibration: Path, tmp_path: Path) -> None:
    # When a plan is written
    run(
        calibration,
        "--tps",
        "5000",
        "--accounts",
        "1000",
        "--retention",
        "6",
        "--values",
        str(tmp_path / "new" / "out"),
    )
    # Then both files say the same
    chart = yaml.safe_load((tmp_path / "new" / "out" / "values.yaml").read_text())
    lines = (tmp_path / "new" / "out" / "compose.env").read_text().splitlines()
    compose = dict(line.split("=") for line in lines if not line.startswith("#"))
    assert chart["settings"]["RETENTION_MONTHS"] == 6
    assert chart["api"]["replicas"] == int(compose["API_REPLICAS"]) == 5
    assert {name: str(value) for name, value in chart["settings"].items()}.items() <= compose.items()
    assert chart["worker"]["resources"]["limits"]["memory"] == f"{compose['WORKER_MEMORY_MB']}Mi"


def test_what_is_missing_or_wrong_is_told(calibration: Path, tmp_path: Path) -> None:
    assert "--tps" in run(calibration).stderr
    for options, told in (
        (("--tps", "0"), "--tps is 0"),
        (("--tps", "100", "--peak", "10"), "--peak is 10"),
        (("--tps", "100", "--mix", "some"), "'some' is no part of a mix"),
        (("--tps", "100", "--prices", str(tmp_path / "none.yaml")), "none.yaml cannot be read"),
        (("--tps", "100", "--values", str(calibration)), "name a directory of yours"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            run(calibration, *options)
    with pytest.raises(ConfigurationError, match="make one with `riskengine calibrate`"):
        run(tmp_path / "none.json", "--tps", "100")
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    with pytest.raises(ConfigurationError, match="is no calibration"):
        run(broken, "--tps", "100")
