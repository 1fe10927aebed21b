"""`riskengine simulate`, as it is typed."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from riskengine.cli import simulate
from riskengine.domain.errors import ConfigurationError
from riskengine.lab.attacks import ATTACKS


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(simulate.command)
    return app


def run(app: typer.Typer, path: Path, *options: str) -> str:
    arguments = ["--customers", "30", "--days", "5", "--output", str(path), *options]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_one_seed_gives_the_same_bytes(app: typer.Typer, tmp_path: Path, suffix: str) -> None:
    one, other, third = (tmp_path / f"{name}{suffix}" for name in ("one", "other", "third"))

    run(app, one, "--seed", "5")
    run(app, other, "--seed", "5")
    run(app, third, "--seed", "6")

    assert one.read_bytes() == other.read_bytes()
    assert one.read_bytes() != third.read_bytes()


def test_the_summary_names_every_attack(app: typer.Typer, tmp_path: Path) -> None:
    output = run(app, tmp_path / "file.csv")

    assert all(name in output for name in ATTACKS)


def test_one_attack_can_be_asked_for(app: typer.Typer, tmp_path: Path) -> None:
    output = run(app, tmp_path / "file.csv", "--attack", "slow_drip", "--start", "2025-06-01")

    assert "slow_drip" in output
    assert "mule_ring" not in output
    assert "2025-06-01T" in (tmp_path / "file.csv").read_text()


def test_an_unknown_attack_is_refused(app: typer.Typer, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no attack is called phishing"):
        run(app, tmp_path / "file.csv", "--attack", "phishing")
    assert not (tmp_path / "file.csv").exists()
