"""Metrics that are sent are those that are shown, and nobody depends on who collects them."""

import math
import subprocess
import sys

import structlog
from prometheus_client import REGISTRY, Counter, Gauge, Histogram

from riskengine.pipeline import tallies
from riskengine.pipeline.latency import Latency
from riskengine.stack import ports
from riskengine.telemetry import pushing
from tests import factories
from tests.telemetry.metrics_collector import MetricsCollector, Values

_gauge = Gauge("test_pushing_gauge", "A gauge of nobody's knowledge", ["of"])
_counter = Counter("test_pushing_total", "A counter")
_histogram = Histogram("test_pushing_seconds", "A histogram", ["stage"], buckets=(0.1, 0.3, 1))


_MOVING = ("process_", "python_", "riskengine_cpu_", "riskengine_memory_", "riskengine_replica_lag_")
"""What is another figure each time that somebody looks."""


def _shown() -> Values:
    """What a scrape would show of what stands still."""
    return _still(
        {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in REGISTRY.collect()
            for sample in family.samples
            if not sample.name.endswith("_created")
        }
    )


def _still(values: Values) -> Values:
    """Those that stand still, and are known: what nobody knows is not even equal to itself."""
    return {at: value for at, value in values.items() if not at[0].startswith(_MOVING) and not math.isnan(value)}


def test_all_metrics_are_sent_as_they_are_shown() -> None:
    # Given metrics of each kind that moved, those of the engine among them
    tallies.note([factories.decision(factories.transaction(), 1)])
    Latency("queue").note([factories.decision(factories.transaction(), 1)])
    _gauge.labels("b").set(-2.5)
    _counter.inc(3)
    for seconds in (0.05, 0.3, 0.5, 7):
        _histogram.labels("store").observe(seconds)
    # When they are sent
    with MetricsCollector() as collector:
        with pushing.pushed(collector.url, 3600, "riskengine-api", "api-1"):
            pass
        # Then, in the end at the latest, the collector has what a scrape shows
        assert list(collector.last) == [("riskengine-api", "api-1")]
        sent = collector.last["riskengine-api", "api-1"]
    assert _still(sent) == _shown()
    assert sent["test_pushing_seconds_bucket", (("le", "0.3"), ("stage", "store"))] == 2
    assert any(name.startswith("process_") for name, _ in sent)


def test_what_nobody_knows_is_sent_as_such() -> None:
    _gauge.labels("unknown").set(math.nan)
    with MetricsCollector() as collector, pushing.pushed(collector.url, 0.01, "riskengine-worker", "worker-1"):
        collector.until(lambda: collector.last)
        assert math.isnan(collector.last["riskengine-worker", "worker-1"]["test_pushing_gauge", (("of", "unknown"),)])
    _gauge.clear()


def test_a_collector_that_is_away_is_told_of_once_and_hears_all_when_it_is_back() -> None:
    # Given nobody who collects
    port = ports.free()
    _counter.inc()
    url = f"http://127.0.0.1:{port}"
    with structlog.testing.capture_logs() as logged, pushing.pushed(url, 0.01, "riskengine-api", "api-1"):
        while not logged:
            _counter.inc()
        # When somebody does again
        with MetricsCollector(port) as collector:
            collector.until(lambda: len(logged) > 1)
            # Then nothing is missing
            sent = collector.last["riskengine-api", "api-1"]
            assert sent["test_pushing_total", ()] == REGISTRY.get_sample_value("test_pushing_total")
    # And the log has it once
    assert [line["event"] for line in logged][:2] == ["metrics_not_sent", "metrics_sent_again"]


def test_nothing_is_loaded_where_nothing_is_sent() -> None:
    code = (
        "import sys\n"
        "import riskengine.api.app, riskengine.worker.worker\n"
        "from riskengine.telemetry import pushing\n"
        "with pushing.pushed(None, 15, 'a', 'b'), pushing.pushed('http://127.0.0.1:1', 0, 'a', 'b'):\n"
        "    print([name for name in sys.modules if name.startswith('opentelemetry.exporter')])\n"  # redis has the SDK
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
