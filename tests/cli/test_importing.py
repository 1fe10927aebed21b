"""`riskengine import`, as it is typed, on real servers."""

import asyncio
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from riskengine.cli import importing
from riskengine.lab import transaction_table, writing
from riskengine.lab.simulator import Plan, Simulator


async def test_a_file_imported_twice_is_there_once(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a file, and the servers in the environment
    path = tmp_path / "simulated.parquet"
    rows = [transaction_table.row(one) for one in Simulator(Plan(customers=20, days=5)).stream()]
    writing.write(path, transaction_table.COLUMNS, rows)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    app = typer.Typer()
    app.command()(importing.command)

    # When it is imported twice (each in a thread: the command has an event loop of its own)
    first, second = [
        await asyncio.to_thread(CliRunner().invoke, app, [str(path)], catch_exceptions=False) for _ in range(2)
    ]

    # Then
    assert f"{len(rows):,} new, 0 already there" in first.output
    assert f"0 new, {len(rows):,} already there" in second.output
