"""`riskengine calibrate`, as a user runs it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil
import pytest
import typer
from typer.testing import CliRunner

from riskengine.capacity.calibration import Calibration
from riskengine.capacity.demand import Demand
from riskengine.capacity.plan import plan
from riskengine.cli import calibrate
from riskengine.domain.errors import RiskEngineError
from riskengine.domain.release import Kind
from riskengine.storage.database import Database
from tests.pipeline import published

PATIENCE_S = 150

FACTOR = 3
"""By which a prediction of processor time may miss in runs of a second, on a machine that has other work."""


def start(directory: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    """The command, in a directory in which it finds nothing."""
    inherited = {name: text for name, text in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "riskengine", "calibrate", *options],
        cwd=directory,
        env={**inherited, "TMPDIR": str(directory), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def left_in(directory: Path) -> list[str]:
    """Processes that mention the directory: whatever the stack started does."""
    found = psutil.process_iter(["cmdline"])
    return [" ".join(p.info["cmdline"]) for p in found if str(directory) in " ".join(p.info["cmdline"] or ())]


async def test_it_measures_what_runs_in_the_database_and_predicts_a_run(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    # Given a database in which rules of one's own run
    await published.publish(database, Kind.RULESET, published.marked(7))
    # When it calibrates for as short as it can
    process = start(tmp_path, "--seconds", "10", "--output", "found.json", DATABASE_URL=database_url)
    output, _ = process.communicate(timeout=PATIENCE_S)
    # Then it says what it measured
    assert process.returncode == 0, output
    for part in ("rule set 2", "a transaction costs", "one worker decides", "predicted", "Written: found.json"):
        assert part in output
    # And each figure is one, of what it copied
    found = Calibration.read(tmp_path / "found.json")
    assert found.engine["ruleset"] == 2
    for costs in (found.singles, found.batches, found.decisions):
        assert min(msgspec.structs.astuple(costs)[:-1]) >= 0
        assert costs.total_us == sum(msgspec.structs.astuple(costs))
    assert min(found.singles.api_us, found.singles.worker_us, found.decisions.api_us) > 0
    assert min(found.service.tps, found.service.transaction_ms, found.api_tps) > 0
    assert min(msgspec.structs.astuple(found.sizes)[:7]) > 0
    # And the run that it predicted is of the kind that it then measured
    row = next(line.split() for line in output.splitlines() if "of CPU a transaction" in line and "%" in line)
    predicted, measured = (float(text.replace(",", "")) for text in row[-3:-1])
    assert 1 / FACTOR < predicted / measured < FACTOR
    # And it can be planned with, nothing was decided in the database, and nothing is left
    assert plan(Demand(100), found).api.value >= 1
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM transactions") == 0
    assert left_in(tmp_path) == []
    assert os.listdir(tmp_path) == ["found.json"]


def test_interrupted_it_leaves_nothing(tmp_path: Path) -> None:
    # Given a calibration that has begun
    process = start(tmp_path)
    deadline = time.monotonic() + PATIENCE_S
    while not list(tmp_path.glob("riskengine-*/engine/worker-1.log")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # When it is interrupted
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE_S)
    # Then it says so, and neither a process nor a file is left
    assert process.returncode == 130, output
    assert left_in(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("logs_as_before")
def test_where_it_cannot_write_or_read_it_does_not_begin(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(calibrate.command)
    for options, told in (
        (("--output", str(tmp_path / "no" / "where.json")), "there is no directory"),
        (("--data-dir", str(tmp_path)), "no stack runs in"),
    ):
        with pytest.raises(RiskEngineError, match=told):
            CliRunner().invoke(app, options, catch_exceptions=False)
