"""`riskengine whatif`, as it is typed."""

import sys
from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner, Result

from riskengine.capacity import whatif as whatif_package
from riskengine.capacity.whatif import examples, scenario
from riskengine.cli import whatif
from riskengine.domain.errors import ConfigurationError
from tests.capacity.whatif.worlds import calibration

CALM = """
duration_s: 60
arrivals: {curve: constant, per_s: 50}
"""

FLOOD = """
duration_s: 60
arrivals: {curve: constant, per_s: 900}
poisson: false
start: {worker: 3}
cores: 8
calibration: measured.json
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of one's own, to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(whatif.command)
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def test_a_calm_scenario_is_shown_and_written_down(place: Path) -> None:
    (place / "calm.yaml").write_text(CALM)
    done = run("--scenario", "calm.yaml", "--png", "calm.png", "--json", "calm.json")
    # Then there are curves, a picture, and all of it as JSON
    assert done.exit_code == 0, done.output
    assert "accepted and not decided" in done.output
    assert (place / "calm.png").stat().st_size > 20_000
    written = msgspec.json.decode((place / "calm.json").read_bytes(), type=whatif.Written)
    assert written.summary.accepted == pytest.approx(50 * 60, rel=0.1)
    assert written.summary.stuck is None
    assert len(written.course.moments) > 500
    # And whose costs these are is said
    assert "There is no calibration.json" in done.stderr
    assert "riskengine calibrate" in done.stderr


def test_what_never_drains_is_said_and_is_the_exit_code(place: Path) -> None:
    # Given more than three workers decide by the calibration beside the scenario
    (place / "sub").mkdir()
    (place / "sub" / "flood.yaml").write_text(FLOOD)
    calibration(tps=200).write(place / "sub" / "measured.json")
    done = run("--scenario", "sub/flood.yaml")
    assert done.exit_code == 1
    assert "arrivals of 900/s exceed what 3 workers decide, 600/s: the queue grows by 300/s" in done.stderr
    assert "with 5 workers it would" in done.stderr
    # And with faster workers, from the option or from where calibrations lie, it is another thing
    calibration(tps=500).write(place / "fast.json")
    assert run("--scenario", "sub/flood.yaml", "--calibration", "fast.json").exit_code == 0


def test_the_calibration_that_lies_there_is_taken(place: Path) -> None:
    (place / "calm.yaml").write_text(CALM)
    calibration(tps=10).write(place / "calibration.json")
    done = run("--scenario", "calm.yaml")
    assert done.exit_code == 1
    assert "exceed what 2 workers decide, 20/s" in done.stderr


@pytest.mark.parametrize("name", examples.NAMES)
def test_examples_are_printed_and_can_be_played(place: Path, name: str) -> None:
    printed = run("--example", name)
    assert printed.exit_code == 0
    assert printed.stdout == examples.scenario(name)
    (place / f"{name}.yaml").write_text(printed.stdout)
    assert scenario.read(place / f"{name}.yaml").duration_s >= 3600
    assert run("--scenario", f"{name}.yaml").exit_code == 0


def test_an_unknown_example_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no example is called 'tide'; there are spike"):
        run("--example", "tide")


def test_without_a_scenario_it_says_where_to_get_one() -> None:
    done = run()
    assert done.exit_code == 2
    assert "riskengine whatif --example spike" in " ".join(done.output.replace("│", " ").split())


def test_files_that_cannot_be_written_are_named(place: Path) -> None:
    (place / "calm.yaml").write_text(CALM)
    with pytest.raises(ConfigurationError, match=r"gone/a\.json cannot be written"):
        run("--scenario", "calm.yaml", "--json", "gone/a.json")


@pytest.mark.parametrize("module", ["simpy", "plotext"])
def test_without_the_extra_it_says_what_to_install(place: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    (place / "calm.yaml").write_text(CALM)
    for name in ("simulation", "crew", "terminal"):
        monkeypatch.delitem(sys.modules, f"{whatif_package.__name__}.{name}", raising=False)
        monkeypatch.delattr(whatif_package, name, raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigurationError, match=r'pip install "riskengine\[whatif\]"'):
        run("--scenario", "calm.yaml")
