"""Who collects metrics, as an OpenTelemetry collector does: OTLP over HTTP, shown as Prometheus would."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, HistogramDataPoint, Metric

PATIENCE = 30.0

Series = tuple[str, tuple[tuple[str, str], ...]]
"""A name, and labels in order."""

Values = Mapping[Series, float]


class MetricsCollector:
    """Collects until its block ends. `last` is what each instance of a service sent last."""

    def __init__(self, port: int = 0) -> None:
        self.last: dict[tuple[str, str], Values] = {}
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/v1/metrics":
                    collector._take(body)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def until(self, condition: Callable[[], object]) -> None:
        """Returns when it holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"what came does not do: {list(self.last)}"
            time.sleep(0.02)

    def _take(self, body: bytes) -> None:
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            about = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
            metrics = [metric for scope in resource.scope_metrics for metric in scope.metrics]
            values = dict(value for metric in metrics for value in _values(metric))
            self.last[about["service.name"], about["service.instance.id"]] = values


def _values(metric: Metric) -> Iterator[tuple[Series, float]]:
    kind = metric.WhichOneof("data")
    data = getattr(metric, str(kind))
    if kind != "gauge":
        assert data.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    for point in data.data_points:
        labels = {pair.key: pair.value.string_value for pair in point.attributes}
        if kind == "histogram":
            yield from _histogram(metric.name, labels, point)
            continue
        assert kind == "gauge" or (data.is_monotonic and point.start_time_unix_nano <= point.time_unix_nano)
        yield _series(metric.name, labels), point.as_double


def _histogram(name: str, labels: dict[str, str], point: HistogramDataPoint) -> Iterator[tuple[Series, float]]:
    """Its buckets as Prometheus shows them: each with all below it."""
    below = 0
    for bound, count in zip([*map(str, point.explicit_bounds), "+Inf"], point.bucket_counts, strict=True):
        below += count
        yield _series(f"{name}_bucket", labels | {"le": bound}), below
    yield _series(f"{name}_count", labels), point.count
    yield _series(f"{name}_sum", labels), point.sum


def _series(name: str, labels: dict[str, str]) -> Series:
    return name, tuple(sorted(labels.items()))
