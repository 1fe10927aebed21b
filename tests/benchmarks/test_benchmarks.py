"""The benchmarks run, and say everything they are asked for. How fast things are is not a test's business."""

import subprocess
import sys
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]
ASKED_FOR = (
    "single_e2e_tps",
    "single_raw_tps",
    "batch_e2e_tps",
    "batch_raw_tps",
    "score_us",
    "decisions_p50_ms",
    "decisions_p99_ms",
    "decisions_rate",
    "api_rss_mb",
    "worker_rss_mb",
)


def test_a_quick_run_has_all_figures(tmp_path: Path) -> None:
    # When run quickly
    output = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)
    # Then there is one table, and each figure is a number that can be
    assert done.returncode == 0, done.stderr
    assert "riskengine benchmarks" in done.stdout
    figures = msgspec.json.decode(output.read_bytes())
    assert {name: figures[name] for name in ASKED_FOR if not figures[name] > 0} == {}
    assert figures["decisions_p50_ms"] <= figures["decisions_p95_ms"] <= figures["decisions_p99_ms"]
    assert {"date", "machine", "single_ratio", "batch_ratio", "single_cpu_us"} <= figures.keys()
