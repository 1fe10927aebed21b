"""`riskengine autoscale` where it cannot begin: clear words, and exit code 2."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from riskengine.stack.lock import DirectoryLock
from riskengine.stack.standing import Counts, Instance, Kind, Standing, State


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Where a stack seems to run, whose processes do not answer."""
    lock = DirectoryLock(tmp_path)
    lock.acquire()
    Standing(1, 0, Counts(1, 1), None, (Instance("api-1", Kind.API, 2, 1, State.RUNNING),)).write(tmp_path)
    yield tmp_path
    lock.release()


def _ran(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "riskengine", "autoscale", "--data-dir", str(directory), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("options", "policy", "told"),
    [
        ([], "bounds: {worker: {least: 3, most: 2}}", r"bounds.worker.most \(2\) is below least \(3\)"),
        ([], "bounds: {worker: {least: 3, most: 33}}", "bounds.worker.most is 33: a stack on one machine has 32"),
        (["--every", "60"], "{}", "every_s is 60: look at least every 30 seconds"),
        (["--log-format", "xml"], "{}", "'xml' is not json or console"),
    ],
)
def test_what_cannot_be_is_refused(directory: Path, options: list[str], policy: str, told: str) -> None:
    (directory / "policy.yaml").write_text(policy)
    refused = _ran(directory, "--policy", str(directory / "policy.yaml"), *options)
    assert refused.returncode == 2
    assert re.search(told, " ".join(refused.stderr.split()))


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_a_place_without_a_stack_is_named(tmp_path: Path, options: list[str]) -> None:
    refused = _ran(tmp_path, *options)
    assert refused.returncode == 2
    assert f"no stack runs in {tmp_path}: start one with `riskengine up`" in refused.stderr


def test_a_port_that_is_taken_is_named(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = _ran(directory, "--metrics-port", str(port))
    assert refused.returncode == 2
    assert f"metrics cannot be shown on 127.0.0.1:{port} (Address already in use)" in refused.stderr


def test_processes_that_do_not_answer_are_said_and_nothing_is_made_up_of_them(directory: Path) -> None:
    # Given a stack whose processes do not answer, when it is looked at
    looked = _ran(directory, "--once", "--every", "0.1")
    # Then that is said, and no figure is known
    assert looked.returncode == 0
    assert '"event": "signals_unread"' in looked.stderr
    assert f"none of the 1 processes in {directory} shows its metrics" in looked.stderr
    rows = looked.stdout.splitlines()
    assert next(row for row in rows if row.startswith("queue_depth")).split()[1] == "unknown"
