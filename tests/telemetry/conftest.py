"""Who collects traces, for all tests of a file."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from riskengine.telemetry import log_ids, tracing
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


@pytest.fixture
def lines() -> Iterator[list[MutableMapping[str, Any]]]:
    """What this process logs, with the ids that `logs.configure` has added; that itself would keep a test's output."""
    capture = LogCapture()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, log_ids.add, capture])
    yield capture.entries
    structlog.reset_defaults()
