"""What makes the steps that are the first of their process: of a request that came, of messages sent and received."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import msgspec
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from riskengine.telemetry.arrival import Arrival
from riskengine.telemetry.origin import Origin
from riskengine.telemetry.place import Place
from riskengine.telemetry.recorded import TRANSACTION_ID, Kind, Recorded
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
    kind: Kind
    attributes: dict[str, str | int]


def _operation(word: str, kind: Kind) -> _Operation:
    known: dict[str, str | int] = {
        "messaging.system": "redis",
        "messaging.destination.name": _STREAM,
        "messaging.operation.name": word,
        "messaging.operation.type": word,
    }
    return _Operation(f"{word} {_STREAM}", kind, known)


_SEND = _operation("send", "producer")
_PROCESS = _operation("process", "consumer")
_propagator = TraceContextTextMapPropagator()


class Recorder:
    """Decides which requests are traced, and begins their steps. `share` of them are, from 0 to 1.

    One whose sender says whether it is traced is as its sender says. Steps are given to `take` when they end.
    """

    def __init__(self, take: Callable[[Recorded], object], share: float) -> None:
        self._take = take
        self._share = share

    def request(self, headers: Mapping[bytes, bytes], request_id: bytes) -> Span:
        """The step of a request to this process."""
        given = headers.get(b"traceparent")
        known = _NOBODYS if given is None else _read(given, headers.get(b"tracestate", b""))
        if not (random.random() < self._share if known.sampled is None else known.sampled):
            return NOTHING
        name = request_id.decode("ascii", "replace")
        attributes = {REQUEST_ID: name}
        return Recorded(self._take, "HTTP", known.place, request_id=name, kind="server", attributes=attributes)

    def sending(self, origins: Sequence[Origin | None]) -> Sending | None:
        """The steps of messages with these origins that are sent together; None if none of them is traced."""
        steps = self._steps([origin for origin in origins if origin is not None], _SEND, len(origins))
        return Sending(steps, origins) if steps else None

    def processing(self, arrivals: Sequence[Arrival], count: int) -> Span:
        """The steps of messages that are worked on together, `count` in all, of which these came with their origins."""
        steps = self._steps([one.origin for one in arrivals], _PROCESS, count)
        if not steps:
            return NOTHING
        alike = Counter(one.origin for one in arrivals)
        by_transaction: dict[UUID, Recorded] = {}
        for one in arrivals:
            if one.transaction_id is not None and (step := steps.get(one.origin)) is not None:
                by_transaction[one.transaction_id] = step
                if alike[one.origin] == 1:
                    step.set(TRANSACTION_ID, str(one.transaction_id))
        return Messages(list(steps.values()), by_transaction)

    def _steps(self, origins: Sequence[Origin], operation: "_Operation", count: int) -> dict[Origin, Recorded]:
        """A step for each origin: those of a batch that came in one request have the same."""
        steps = {}
        for origin in dict.fromkeys(origins):
            sent = _read(origin.traceparent)
            if not sent.sampled:
                continue
            request_id = origin.request_id.decode("ascii", "replace")
            known: dict[str, str | int] = {**operation.attributes, REQUEST_ID: request_id, _BATCH: count}
            steps[origin] = Recorded(
                self._take, operation.name, sent.place, request_id=request_id, kind=operation.kind, attributes=known
            )
        return steps


class _Sent(msgspec.Struct, frozen=True):
    """What a sender says: the step that it was in, and whether it is traced; nothing if it says nothing."""

    place: Place | None = None
    sampled: bool | None = None


_NOBODYS = _Sent()


def _read(traceparent: bytes, tracestate: bytes = b"") -> _Sent:
    """What the headers say."""
    carrier = {"traceparent": traceparent.decode("latin-1"), "tracestate": tracestate.decode("latin-1")}
    found = trace.get_current_span(_propagator.extract(carrier)).get_span_context()
    if not found.is_valid:
        return _NOBODYS
    return _Sent(Place(found.trace_id, found.span_id, found.trace_state.to_header(), True), found.trace_flags.sampled)
