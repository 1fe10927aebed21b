"""Who collects traces, as an OpenTelemetry collector does: OTLP over HTTP, protobuf decoded, kept in memory."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.proto.trace.v1.trace_pb2 import Status

PATIENCE = 30.0


class Seen(msgspec.Struct, frozen=True):
    """A step of a trace, as it arrived. Ids are hexadecimal; `parent` is empty if there is none."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent: str
    attributes: dict[str, Any]
    links: tuple[tuple[str, str], ...]
    failed: bool
    start: int
    end: int

    @property
    def place(self) -> tuple[str, str]:
        """The ids that links name it by."""
        return self.trace_id, self.span_id


class Trace:
    """The steps of one trace."""

    def __init__(self, steps: Iterable[Seen]) -> None:
        self.steps = sorted(steps, key=lambda step: step.start)

    def one(self, name: str) -> Seen:
        """The only step of that name."""
        (found,) = self.all(name)
        return found

    def all(self, name: str) -> list[Seen]:
        """All steps of that name."""
        return [step for step in self.steps if step.name == name]

    def path(self, step: Seen) -> list[str]:
        """The names from the first step of the trace to this one."""
        by_id = {one.span_id: one for one in self.steps}
        names = [step.name]
        while step.parent in by_id:
            step = by_id[step.parent]
            names.append(step.name)
        return names[::-1]

    def tree(self) -> str:
        """It as text, a line for each step, with who did it and how long (ms)."""
        known = {step.span_id for step in self.steps}
        tops = [step for step in self.steps if step.parent not in known]
        return "\n".join(line for top in tops for line in self._lines(top, ""))

    def _lines(self, step: Seen, indent: str) -> list[str]:
        ms = (step.end - step.start) / 1_000_000
        label = f"{indent}{step.name}"
        lines = [f"{label:58} {step.service.removeprefix('riskengine-'):7} {ms:8.2f}"]
        below = [child for child in self.steps if child.parent == step.span_id]
        return lines + [line for child in below for line in self._lines(child, indent + "  ")]


class Collector:
    """Collects on a port of its own, until its block ends, after it has refused so many times.

    `bodies` is all that arrived, undecoded.
    """

    def __init__(self, port: int = 0, refuses: int = 0) -> None:
        self._steps: list[Seen] = []
        self.bodies: list[bytes] = []
        self._refuses = refuses
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200 if collector._take(self.path, body) else 400)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def steps(self) -> list[Seen]:
        """All that arrived so far."""
        return list(self._steps)

    def trace(self, trace_id: str, until: Callable[[Trace], object]) -> Trace:
        """The trace, when it has what is asked for."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = Trace(step for step in self.steps if step.trace_id == trace_id)
            try:
                if until(found):
                    return found
            except ValueError:  # a step that is asked for is not there yet
                pass
            assert time.monotonic() < deadline, f"the trace is not whole:\n{found.tree()}"
            time.sleep(0.05)

    def _take(self, path: str, body: bytes) -> bool:
        if path != "/v1/traces":  # metrics go the same way
            return True
        if self._refuses > 0:
            self._refuses -= 1
            return False
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            about = _attributes(resource.resource.attributes)
            assert {"service.version", "service.instance.id", "process.pid"} <= about.keys()
            for scope in resource.scope_spans:
                self._steps.extend(_seen(str(about["service.name"]), span) for span in scope.spans)
        return True


def _seen(service: str, span: SpanMessage) -> Seen:
    return Seen(
        service=service,
        name=span.name,
        kind=SpanMessage.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes=_attributes(span.attributes),
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        failed=span.status.code == Status.StatusCode.STATUS_CODE_ERROR,
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
    )


def _attributes(pairs: Sequence[KeyValue]) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in pairs}
