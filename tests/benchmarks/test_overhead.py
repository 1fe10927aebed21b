"""The measure of what metrics and traces cost runs, and really goes without in one of its turns."""

import subprocess
import sys
from pathlib import Path

import msgspec
from prometheus_client import REGISTRY, Counter, Histogram

from benchmarks import overhead
from riskengine.telemetry.bulk_histogram import BulkHistogram

ROOT = Path(__file__).parents[2]


def test_nothing_is_counted_without_metrics() -> None:
    # Given metrics of each kind
    counter = Counter("test_overhead_total", "A counter", ["of"])
    histogram = Histogram("test_overhead_seconds", "A histogram")
    bulk = BulkHistogram("test_overhead_bulk", "Another one", (1,)).of()
    child = counter.labels("a")
    # When something happens without them, and then with them
    for _ in range(2):
        with overhead.without_metrics():
            counter.labels("a").inc()
            child.inc()
            bulk.add([1])
            with histogram.time():
                pass
    counter.labels("a").inc()
    bulk.add([1])
    # Then that alone was counted
    assert REGISTRY.get_sample_value("test_overhead_total", {"of": "a"}) == 1
    assert REGISTRY.get_sample_value("test_overhead_seconds_count") == 0
    assert REGISTRY.get_sample_value("test_overhead_bulk_count") == 1


def test_a_quick_run_has_all_figures(tmp_path: Path, database_url: str, redis_url: str) -> None:
    output = tmp_path / "overhead.json"
    servers = ["--database", database_url, "--redis", redis_url]
    command = [sys.executable, "-m", "benchmarks.overhead", "--quick", "--output", str(output), *servers]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    costs = msgspec.json.decode(output.read_bytes(), type=list[overhead.Cost])
    assert [(cost.work, cost.variant) for cost in costs] == [
        (work, variant)
        for work in ("batches", "singles", "decisions")
        for variant in ("nothing", "metrics", "metrics and traces")
    ]
    assert all(cost.us > 0 and cost.ratio > 0 for cost in costs)
