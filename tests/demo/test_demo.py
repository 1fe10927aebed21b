"""`riskengine demo`, as a user runs it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

PATIENCE_S = 120
TRANSACTIONS = 600


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The demonstration, started outside the repository and serving until it is told to stop."""
    process = _start(tmp_path)
    yield process
    process.kill()
    process.communicate()


def _start(directory: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "riskengine", "demo", "--transactions", str(TRANSACTIONS), *options]
    return subprocess.Popen(
        command,
        cwd=directory,
        env={**os.environ, "TMPDIR": str(directory)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _left_in(directory: Path) -> list[str]:
    """Processes that mention the directory: whatever the stack started does."""
    found = psutil.process_iter(["cmdline"])
    return [" ".join(p.info["cmdline"]) for p in found if str(directory) in " ".join(p.info["cmdline"] or ())]


def _output_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            break
    return "".join(lines)


def test_with_exit_it_decides_everything_and_leaves_nothing_behind(tmp_path: Path) -> None:
    # When the demonstration runs where there is no data
    process = _start(tmp_path, "--exit")
    output, _ = process.communicate(timeout=PATIENCE_S)
    # Then it succeeds, and says what became of the transactions
    assert process.returncode == 0, output
    assert f"Each of {TRANSACTIONS} accepted transactions has exactly one decision" in output
    assert f"{TRANSACTIONS} of {TRANSACTIONS} decisions executed again are bit-identical" in output
    for part in ("600 simulated", "Decisions", "Rules that fired most", "How long it took", "explained", "p99"):
        assert part in output
    for outcome in ("decline at", "review at", "approve at"):
        assert outcome in output
    # And neither a process nor a file is left
    assert _left_in(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_it_serves_until_it_is_told_to_stop(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    # Given a demonstration that has shown its transactions
    output = _output_until(demo, "Serving until Ctrl-C")
    # When its suggestion is pasted into a shell, twice
    suggested = re.search(r"^curl .*?}'$", output, re.DOTALL | re.MULTILINE)
    assert suggested is not None, output
    answers = [subprocess.run(["bash", "-c", suggested[0]], check=True, capture_output=True).stdout for _ in range(2)]
    # Then each is a decision, on a transaction of its own
    first, second = (msgspec.json.decode(answer) for answer in answers)
    assert first["outcome"] in {"approve", "review", "decline"}
    assert first["transaction_id"] != second["transaction_id"]
    # And at Ctrl-C it ends in peace
    demo.send_signal(signal.SIGINT)
    rest, _ = demo.communicate(timeout=PATIENCE_S)
    assert demo.returncode == 0, rest
    assert _left_in(tmp_path) == []


def test_a_port_in_use_is_named(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    running = re.search(r"Running at http://127.0.0.1:(\d+)", _output_until(demo, "Running at"))
    assert running is not None
    second = _start(tmp_path, "--exit", "--port", running[1])
    output, _ = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 2
    assert f"port {running[1]}" in output
    assert "Traceback" not in output
