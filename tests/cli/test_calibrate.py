"""`riskengine calibrate`, as a user runs it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil

from riskengine.capacity.calibration import Calibration
from riskengine.capacity.demand import Demand
from riskengine.capacity.plan import plan
from riskengine.domain.release import Kind
from riskengine.storage.database import Database
from tests.pipeline import published

PATIENCE_S = 150


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
    assert found.error >= 0
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


def test_where_it_cannot_write_or_read_it_does_not_begin(tmp_path: Path) -> None:
    for options, told in (
        (("--output", "no/where.json"), "there is no directory no"),
        (("--data-dir", "."), "no stack runs in"),
    ):
        process = start(tmp_path, *options)
        output, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 2
        assert told in output
