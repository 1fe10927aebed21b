"""The benchmark of scale runs, and says everything it is asked for."""

import subprocess
import sys
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]


def test_a_quick_run_has_all_figures(tmp_path: Path) -> None:
    # When run quickly
    output = tmp_path / "scale.json"
    command = [sys.executable, "-m", "benchmarks.scale", "--quick", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)
    # Then there is one table, and each figure is a number that can be
    assert done.returncode == 0, done.stderr
    assert "riskengine at scale" in done.stdout
    figures = msgspec.json.decode(output.read_bytes())
    assert all(one["single_tps"] > 0 and one["batch_tps"] > 0 for one in figures["instances"])
    assert all(value > 0 for one in figures["instances"] if one["footprint"] for value in one["footprint"].values())
    assert set(figures["gains"]["group_rows_per_s"]) == {"1", "8", "32", "100", "256", "1000"}
    assert len(figures["gains"]["gains"]) == 3
    assert all(gain["with_us"] > 0 and gain["without_us"] > 0 for gain in figures["gains"]["gains"].values())
