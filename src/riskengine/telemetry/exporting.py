"""Sending traces to who collects them: OTLP over HTTP, in the background, with bounds. Needs the extra `otlp`."""

import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from importlib import metadata

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from riskengine.telemetry.place import Place
from riskengine.telemetry.recorded import Recorded

MOST_WAITING = 4096
"""Steps kept while they cannot be sent, some 5 MB. Then the oldest go."""

AT_ONCE = 128
"""Steps in one request. To write so many down takes about 5 ms, of which those who decide meanwhile get half."""

SEND_EVERY = 2.0
"""Seconds after which steps are sent, however few: a request costs as much as 30 of them."""

PATIENCE = 5.0
"""Seconds for one request and its repetitions, before its steps are given up."""

_PATH = "/v1/traces"
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_UNSET, _FAILED = Status(StatusCode.UNSET), Status(StatusCode.ERROR)
_log = structlog.get_logger()


class Exporting:
    """Sends the steps it takes to `<endpoint>/v1/traces`, from a thread of its own."""

    def __init__(self, endpoint: str, service: str, instance: str) -> None:
        version = metadata.version("riskengine")
        self._resource = Resource.create(
            {
                "service.name": service,
                "service.version": version,
                "service.instance.id": instance,
                "process.pid": os.getpid(),
            }
        )
        self._scope = InstrumentationScope("riskengine", version)
        self._exporter = OTLPSpanExporter(endpoint.rstrip("/") + _PATH, timeout=PATIENCE)
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it has a line for each failure; we have one
        self._waiting: deque[Recorded] = deque(maxlen=MOST_WAITING)
        self._awake = threading.Event()
        self._closing = self._abandoned = self._fails = False
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def take(self, step: Recorded) -> None:
        """Has a step that ended sent."""
        self._waiting.append(step)
        if len(self._waiting) >= AT_ONCE:
            self._awake.set()

    def close(self, seconds: float) -> None:
        """Sends what waits, and ends; what takes longer is left unsent."""
        self._closing = True
        self._awake.set()
        self._thread.join(seconds)
        self._abandoned = True
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _run(self) -> None:
        while not self._closing:
            self._awake.wait(SEND_EVERY)
            self._awake.clear()
            while self._waiting and not self._abandoned and not (self._closing and self._fails):
                self._send([self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))])

    def _send(self, steps: Sequence[Recorded]) -> None:
        """Sends steps, or gives them up: said once, and once when it is over."""
        try:
            result = self._exporter.export([self._readable(step) for step in steps])
        except Exception:  # whatever is wrong with traces, it must not end them for good
            result = SpanExportResult.FAILURE
        failed = result is not SpanExportResult.SUCCESS
        if self._abandoned:  # the process leaves, and its log may have left already
            return
        if failed and not self._fails:
            _log.warning("traces_not_sent", lost=len(steps))
        elif self._fails and not failed:
            _log.info("traces_sent_again")
        self._fails = failed

    def _readable(self, step: Recorded) -> ReadableSpan:
        return ReadableSpan(
            name=step.name,
            context=_context(step.place),
            parent=None if step.parent is None else _context(step.parent),
            resource=self._resource,
            attributes=step.attributes,
            links=[Link(_context(place)) for place in step.links],
            kind=SpanKind[step.kind.upper()],
            instrumentation_scope=self._scope,
            status=_FAILED if step.error else _UNSET,
            start_time=step.started,
            end_time=step.ended,
        )


def _context(place: Place) -> SpanContext:
    state = TraceState.from_header([place.state]) if place.state else None
    return SpanContext(place.trace_id, place.span_id, place.remote, _SAMPLED, state)
