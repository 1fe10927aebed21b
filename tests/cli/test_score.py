"""`riskengine score`, as it is typed: a file in, decisions out."""

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from riskengine.cli import score
from riskengine.lab import transaction_table, writing
from riskengine.lab.reading import BadRow
from riskengine.lab.simulator import Plan, Simulator
from riskengine.lab.sources import open_source


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(score.command)
    return app


@pytest.fixture
def simulated(tmp_path: Path) -> Path:
    path = tmp_path / "simulated.csv"
    stream = Simulator(Plan(customers=60, days=10, fraud_rate=0.05)).stream()
    writing.write(path, transaction_table.COLUMNS, map(transaction_table.row, stream))
    return path


def run(app: typer.Typer, *arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def rows(path: Path) -> list[dict[str, Any]]:
    return list(open_source(path).rows(None))


def test_a_simulated_file_is_decided_without_any_mapping(app: typer.Typer, simulated: Path, tmp_path: Path) -> None:
    said = run(app, simulated, "--output", tmp_path / "decisions.csv")

    decided = rows(tmp_path / "decisions.csv")
    assert [row["transaction_id"] for row in decided] == [row["transaction_id"] for row in rows(simulated)]
    assert {row["level"] for row in decided} <= {"low", "medium", "high", "critical"}
    assert all(0 <= float(row["score"]) <= 100 for row in decided)
    for part in ("Decisions", "Rules that fired most", "Against the labels", "card_testing", "explained", "a second"):
        assert part in said


def test_scoring_twice_gives_the_same_bytes(app: typer.Typer, simulated: Path, tmp_path: Path) -> None:
    run(app, simulated, "--output", tmp_path / "one.csv")
    run(app, simulated, "--output", tmp_path / "other.csv")

    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "other.csv").read_bytes()


def test_parquet_and_jsonl_say_the_same_as_csv(app: typer.Typer, simulated: Path, tmp_path: Path) -> None:
    for suffix in ("csv", "parquet", "jsonl"):
        run(app, simulated, "--output", tmp_path / f"decisions.{suffix}")

    csv, parquet, jsonl = (rows(tmp_path / f"decisions.{suffix}") for suffix in ("csv", "parquet", "jsonl"))
    assert [row["rules"].split(";") if row["rules"] else [] for row in csv] == [row["rules"] for row in parquet]
    assert [row["rules"] for row in jsonl] == [row["rules"] for row in parquet]
    for name in ("score", "rules_score", "behaviour_score"):
        assert [float(row[name]) for row in csv] == [row[name] for row in parquet]
        assert [float(row[name]) for row in jsonl] == [row[name] for row in parquet]
    for name in ("transaction_id", "account_id", "level", "outcome"):
        assert [row[name] for row in csv] == [row[name] for row in parquet] == [row[name] for row in jsonl]


def test_a_bad_row_stops_scoring_unless_it_is_skipped(app: typer.Typer, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("who,amount,occurred_at\nalice,1,2026-01-02\nalice,-1,2026-01-03\n")
    arguments = (path, "--map", "account_id=who", "--map", "currency=:EUR", "--output", tmp_path / "out.csv")

    with pytest.raises(BadRow, match="row 2 is not valid"):
        run(app, *arguments)
    assert not (tmp_path / "out.csv").exists()

    said = run(app, *arguments, "--skip-bad")
    assert "1 rows were left out" in said
    assert len(rows(tmp_path / "out.csv")) == 1


def test_a_file_without_rows_is_no_fault(app: typer.Typer, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("account_id,amount,currency,occurred_at\n")

    assert "no transaction to decide" in run(app, path)
