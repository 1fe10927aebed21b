"""What makes the steps that are the first of their process: of a request that came, of messages sent and received."""

import random
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from opentelemetry import trace
from opentelemetry.trace import SpanContext, SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from riskengine.telemetry.arrival import Arrival
from riskengine.telemetry.origin import Origin
from riskengine.telemetry.recorded import TRANSACTION_ID, Attributes, Recorded
from riskengine.telemetry.sending import Sending
from riskengine.telemetry.span import NOTHING, Span
from riskengine.telemetry.together import Messages

REQUEST_ID = "riskengine.request_id"
"""The attribute of a step that goes back to a request: what its `X-Request-ID` says."""

_STREAM = "transactions"
"""The destination of messages, whatever its partitions are called."""

_BATCH = "messaging.batch.message_count"


class _Operation(msgspec.Struct, frozen=True):
    """What is done with messages, as OpenTelemetry's conventions have it."""

    name: str
    kind: SpanKind
    attributes: Attributes


def _operation(word: str, kind: SpanKind, **others: str) -> _Operation:
    known = {
        "messaging.system": "redis",
        "messaging.destination.name": _STREAM,
        "messaging.operation.name": word,
        "messaging.operation.type": word,
    }
    return _Operation(f"{word} {_STREAM}", kind, known | others)


_SEND = _operation("send", SpanKind.PRODUCER)
_PROCESS = _operation("process", SpanKind.CONSUMER)
_propagator = TraceContextTextMapPropagator()


class Recorder:
    """Decides which requests are traced, and begins their steps. `share` of them are, from 0 to 1.

    One whose sender says whether it is traced is as its sender says. The dice are thrown here and not by a sampler of
    the SDK, so that what is not traced costs no more than that.
    """

    def __init__(self, tracer: Tracer, share: float) -> None:
        self._tracer = tracer
        self._share = share

    def request(self, headers: Mapping[bytes, bytes], request_id: bytes) -> Span:
        """The step of a request to this process."""
        given = headers.get(b"traceparent")
        parent = None if given is None else _read(given, headers.get(b"tracestate", b""))
        traced = random.random() < self._share if parent is None else parent.trace_flags.sampled
        if not traced:
            return NOTHING
        name = request_id.decode("ascii", "replace")
        known = {REQUEST_ID: name}
        return Recorded(self._tracer, "HTTP", parent, request_id=name, kind=SpanKind.SERVER, attributes=known)

    def sending(self, origins: Sequence[Origin | None]) -> Sending | None:
        """The steps of messages with these origins that are sent together; None if none of them is traced."""
        steps = self._steps([origin for origin in origins if origin is not None], _SEND)
        return Sending(steps, origins, {_BATCH: len(origins)}) if steps else None

    def processing(self, name: str, arrivals: Sequence[Arrival], count: int) -> Span:
        """The steps of messages that are worked on together, `count` in all, of which these came with their origins."""
        steps = self._steps([one.origin for one in arrivals], _PROCESS)
        if not steps:
            return NOTHING
        by_transaction: dict[UUID, Recorded] = {}
        for one in arrivals:
            if one.transaction_id is not None and (step := steps.get(one.origin)) is not None:
                by_transaction[one.transaction_id] = step
                step.set(TRANSACTION_ID, str(one.transaction_id))
        return Messages(name, list(steps.values()), by_transaction, {_BATCH: count})

    def _steps(self, origins: Sequence[Origin], operation: "_Operation") -> dict[Origin, Recorded]:
        """A step for each origin: those of a batch that came in one request have the same."""
        steps = {}
        for origin in dict.fromkeys(origins):
            parent = _read(origin.traceparent)
            if parent is None or not parent.trace_flags.sampled:
                continue
            request_id = origin.request_id.decode("ascii", "replace")
            known = {**operation.attributes, REQUEST_ID: request_id}
            steps[origin] = Recorded(
                self._tracer, operation.name, parent, request_id=request_id, kind=operation.kind, attributes=known
            )
        return steps


def _read(traceparent: bytes, tracestate: bytes = b"") -> SpanContext | None:
    """The step that the header names; None if it names none."""
    carrier = {"traceparent": traceparent.decode("latin-1"), "tracestate": tracestate.decode("latin-1")}
    found = trace.get_current_span(_propagator.extract(carrier)).get_span_context()
    return found if found.is_valid else None
