"""The stages of deciding, and how long batches spend in them."""

from prometheus_client import Histogram

_seconds = Histogram(
    "riskengine_decide_seconds",
    "Seconds that a batch spent in a stage of deciding",
    ["stage"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)


def stage(name: str) -> Histogram:
    """The stage of that name: `with stage.time()` is around what belongs to it."""
    return _seconds.labels(name)
