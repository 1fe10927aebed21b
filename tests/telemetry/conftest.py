"""Who collects traces, for all tests of a file."""

from collections.abc import Iterator

import pytest

from riskengine.telemetry import tracing
from tests.telemetry.collector import Collector


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """A collector of traces."""
    with Collector() as collector:
        yield collector


@pytest.fixture
def traced(collector: Collector) -> Iterator[Collector]:
    """Tracing of this process is on, for what its sender has traced and nothing else; the collector it goes to."""
    tracing.start(share=0, endpoint=collector.url, service="riskengine-test", instance="test")
    yield collector
    tracing.stop()
