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
    "score_us_60f_20r",
    "score_ratio_200r",
    "score_simulated_us",
    "score_simulated_ratio_200r",
    "score_ratio_age_100k",
    "rules_us",
    "rules_peer_ratio",
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
    assert all(point["us"] > 0 for point in figures["ages"])
    assert [point["events"] for point in figures["ages"]] == [10, 100, 1_000, 10_000, 100_000] * 2
    assert all(peer["us"] > 0 and peer["version"] for peer in figures["rules_peers"].values())
    assert {name.partition(",")[0] for name in figures["rules_peers"]} == {"zen-engine", "rule-engine"}
    assert {"date", "machine", "single_ratio", "batch_ratio", "single_cpu_us"} <= figures.keys()
