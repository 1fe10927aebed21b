"""Metrics that are sent rather than fetched, in the background. Off unless somebody says where to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from riskengine.domain.errors import ConfigurationError

if TYPE_CHECKING:  # OpenTelemetry is loaded only where metrics are sent
    from riskengine.telemetry.otlp_metrics import OtlpMetrics

LAST_SENDING = 0.5
"""Seconds that the end waits at most for the last figures to be sent: a process must leave, whoever collects them."""

_log = structlog.get_logger()


@contextmanager
def pushed(endpoint: str | None, every: float, service: str, instance: str) -> Iterator[None]:
    """While the block lasts, and once at its end, metrics are sent to `<endpoint>/v1/metrics`, `every` so many seconds.

    Not at all without an endpoint, or with `every` 0. Raises ConfigurationError if the extra `otlp` is not installed.
    """
    if endpoint is None or every <= 0:
        yield
        return
    try:
        from riskengine.telemetry.otlp_metrics import OtlpMetrics
    except ImportError as error:
        raise ConfigurationError(
            'OTEL_EXPORTER_OTLP_ENDPOINT needs OpenTelemetry: `pip install "riskengine[otlp]"`, or set '
            "METRICS_PUSH_SECONDS and TRACING_SAMPLE to 0"
        ) from error
    pushing = _Pushing(OtlpMetrics(endpoint, service, instance), every)
    try:
        yield
    finally:
        pushing.stop()


class _Pushing:
    """A thread that sends now and then. What cannot be sent is not lost: the next time sends how all is then."""

    def __init__(self, metrics: "OtlpMetrics", every: float) -> None:
        self._metrics = metrics
        self._every = every
        self._fails = False
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._leave.set()
        self._thread.join(LAST_SENDING)

    def _run(self) -> None:
        while not self._leave.wait(self._every):
            self._push()
        self._push()

    def _push(self) -> None:
        """Sends, and says once that it cannot, and once that it can again."""
        failed = not self._metrics.send()
        if failed and not self._fails:
            _log.warning("metrics_not_sent")
        elif self._fails and not failed:
            _log.info("metrics_sent_again")
        self._fails = failed
