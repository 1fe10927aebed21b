"""The spike runs, loses nothing, and says everything it is asked for. How much it takes is not a test's business."""

import subprocess
import sys
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]


def test_a_quick_spike_has_all_figures_and_loses_nothing(tmp_path: Path) -> None:
    # When it runs quickly
    output = tmp_path / "spike.json"
    command = [sys.executable, "-m", "benchmarks.spike", "--quick", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    # Then there is a table and a curve, and what was offered is accounted for
    assert done.returncode == 0, done.stdout + done.stderr
    assert "riskengine spike" in done.stdout
    assert "accepted and not decided" in done.stdout
    figures = msgspec.json.decode(output.read_bytes())
    answered = sum(figures["refused"].values()) + sum(figures["failed"].values()) + figures["accepted"]
    assert figures["offered"] == answered > 0
    assert min(figures["sustainable"], figures["api_mb"], figures["valkey_mb"], len(figures["depths"])) > 0
    assert figures["deepest_pending"] >= figures["depths"][-1]["pending"]
    # And every accepted transaction is stored and decided once
    audit = figures["audit"]
    assert audit["accepted"] >= figures["accepted"] > 0
    assert {name for name in ("lost", "undecided", "stored_twice", "decided_twice", "pending") if audit[name]} == set()
