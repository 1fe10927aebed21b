"""The load tests run against a real stack, pass where all is well, and fail where something is not.

How fast it is is not a test's business: thresholds of latency are far away, or one that cannot be kept.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from benchmarks import soak
from riskengine.doctor.permissions import COMMANDS
from riskengine.stack.stack import Stack
from riskengine.storage import api_keys
from riskengine.storage.database import Database

SCRIPTS = Path(__file__).parents[2] / "loadtests"
K6 = Path(sys.executable).with_name("k6")
CROSSED, ABORTED = 99, 108
"""How k6 ends when a threshold is crossed, and when the script gives up."""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
async def api_key(stack: Stack) -> str:
    """A key as the scripts need it."""
    database = await Database.connect(stack.database_url, idle=0, most=1, name="test")
    try:
        return await api_keys.create(database, "k6", ("ingest", "read"))
    finally:
        await database.close()


@pytest.fixture
def run(stack: Stack, api_key: str) -> Run:
    """Runs a script on the stack, with what it is told."""

    def ran(script: str, **told: str) -> "subprocess.CompletedProcess[str]":
        usual = {"BASE_URL": stack.url, "API_KEY": api_key, "P95_MS": "60000"}
        command = [str(K6), "run", "--no-usage-report", "--quiet", "--no-color", "--address", ""]
        return subprocess.run(
            [*command, str(SCRIPTS / script)],
            env={**os.environ, **usual, **told},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return ran


@pytest.fixture
def stopped_workers(stack: Stack) -> Iterator[None]:
    """Nobody decides meanwhile."""
    for worker in stack.workers:
        os.kill(worker.process.pid, signal.SIGSTOP)
    yield
    for worker in stack.workers:
        os.kill(worker.process.pid, signal.SIGCONT)


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("*.js")))
def test_every_script_can_be_read_without_an_engine(script: str) -> None:
    done = subprocess.run(
        [str(K6), "inspect", "--execution-requirements", str(SCRIPTS / script)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"thresholds"' in done.stdout


@pytest.mark.parametrize(
    ("script", "told", "says"),
    [
        ("smoke.js", {"DURATION": "2s"}, "idempotency-conflict: 409"),
        ("load.js", {"DURATION": "3s", "RATE": "40"}, "batch: an entry for each, in order"),
        ("soak.js", {"DURATION": "1s", "RATE": "20"}, "sent again: the same id"),
        ("stress.js", {"DURATION": "1s", "RATE": "5", "VUS": "40"}, "step_5_x16"),
        ("spike.js", {"DURATION": "2s", "RATE": "20", "VUS": "50"}, "accepted: an id, pending, under its key"),
    ],
)
def test_where_all_is_well_it_passes(run: Run, script: str, told: dict[str, str], says: str) -> None:
    done = run(script, **told)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ at the end: all that was accepted is decided" in done.stdout
    assert says in done.stdout
    assert "✗" not in done.stdout.partition("HTTP")[0]


def test_what_cannot_be_kept_is_a_failure(run: Run) -> None:
    done = run("load.js", DURATION="1s", RATE="5", P95_MS="0")
    assert done.returncode == CROSSED
    assert "thresholds on metrics 'http_req_duration{scenario:customers}' have been crossed" in done.stderr


def test_accepted_and_not_decided_is_a_failure(run: Run, stopped_workers: None) -> None:
    done = run("spike.js", DURATION="1s", RATE="2", VUS="10", DRAIN_S="1")
    assert done.returncode == CROSSED
    assert "✗ at the end: all that was accepted is decided" in done.stdout


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"API_KEY": "rk_wrong"}, "does not take transactions with this key: 401"),
        ({"API_KEY": ""}, "no key: make one with `riskengine keys create"),
        ({"BASE_URL": "http://127.0.0.1:1"}, "http://127.0.0.1:1 does not take transactions"),
    ],
)
def test_who_cannot_send_is_told_why(run: Run, told: dict[str, str], why: str) -> None:
    done = run("smoke.js", DURATION="1s", **told)
    assert done.returncode == ABORTED
    assert why in done.stderr


def test_a_short_soak_has_all_figures(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P95_MS", "60000")
    # When it runs for six seconds
    found = soak.measure(stack, 0.1, 20)
    # Then k6 kept its thresholds, and there is memory of every process and latency by window
    assert found.passed, found.said
    assert set(found.memory) == {process.name for process in stack.processes}
    assert all(line.mean > 1 for line in found.memory.values())
    assert sum(window.requests for window in found.windows) == found.requests > 100
    assert len(found.windows) > 3


def test_the_doctor_knows_every_command_that_was_used(stack: Stack) -> None:
    # Given all that this file's load had the engine ask of Valkey
    with Redis.from_url(stack.redis_url) as client:
        used = {name.removeprefix("cmdstat_").replace("|", " ").upper() for name in client.info("commandstats")}
    # Then what the doctor asks about has it, but for connecting, and for what the stack itself asks
    known = {" ".join(command.split()[:words]) for command in COMMANDS for words in (1, 2)}
    assert {"XREADGROUP", "EVALSHA", "HSET"} <= used
    assert used - known <= {"AUTH", "HELLO", "EVAL", "CONFIG GET"}
