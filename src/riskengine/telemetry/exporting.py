"""Sending traces to who collects them: OTLP over HTTP, in the background, with bounds. Needs the extra `otlp`."""

import logging
import os
import threading
from collections.abc import Sequence
from importlib import metadata

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import Tracer

MOST_WAITING = 4096
"""Steps kept while they cannot be sent, some 10 MB at most. Then the oldest go."""

AT_ONCE = 128
"""Steps in one request: to write so many down takes the interpreter a few milliseconds, in which it decides nothing."""

SEND_EVERY_MS = 1_000
"""Milliseconds after which steps are sent, however few."""

PATIENCE = 5.0
"""Seconds for one request and its repetitions, before its steps are given up."""

_PATH = "/v1/traces"
_log = structlog.get_logger()


class Exporting:
    """Makes steps with `tracer`, and sends them to `<endpoint>/v1/traces` from a thread of its own."""

    def __init__(self, endpoint: str, service: str, instance: str) -> None:
        resource = Resource.create(
            {
                "service.name": service,
                "service.version": metadata.version("riskengine"),
                "service.instance.id": instance,
                "process.pid": os.getpid(),
            }
        )
        # What is no part of a trace is never begun here; so all that has no parent is.
        provider = TracerProvider(ParentBased(ALWAYS_ON), resource, shutdown_on_exit=False)
        exporter = _Once(OTLPSpanExporter(endpoint.rstrip("/") + _PATH, timeout=PATIENCE))
        provider.add_span_processor(BatchSpanProcessor(exporter, MOST_WAITING, SEND_EVERY_MS, AT_ONCE))
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it has a line for each failure; we have one
        self._provider = provider
        self.tracer: Tracer = provider.get_tracer("riskengine", metadata.version("riskengine"))

    def close(self, seconds: float) -> None:
        """Sends what waits, and ends; what takes longer is left unsent."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(seconds)


class _Once(SpanExporter):
    """Says once that steps cannot be sent, and once that they can again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._fails = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._fails:
            _log.warning("traces_not_sent", lost=len(spans))
        elif self._fails and not failed:
            _log.info("traces_sent_again")
        self._fails = failed
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()
