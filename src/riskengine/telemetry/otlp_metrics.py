"""The metrics of this process as OpenTelemetry has them, sent by OTLP over HTTP. Needs the extra `otlp`."""

import logging
import time
from collections.abc import Iterable, Mapping
from importlib import metadata
from itertools import pairwise

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Sample

PATIENCE = 5.0
"""Seconds for one request and its repetitions; after that the next one has all that this one had, and more."""

_PATH = "/v1/metrics"
_SECOND = 1_000_000_000  # in nanoseconds
_CUMULATIVE = AggregationTemporality.CUMULATIVE

_Labels = tuple[tuple[str, str], ...]


class OtlpMetrics:
    """Sends all that a scrape would show to `<endpoint>/v1/metrics`, under the same names and labels.

    `service` and `instance` say whose they are.
    """

    def __init__(self, endpoint: str, service: str, instance: str) -> None:
        version = metadata.version("riskengine")
        about = {"service.name": service, "service.version": version, "service.instance.id": instance}
        self._resource = Resource.create(about)
        self._scope = InstrumentationScope("riskengine", version)
        self._exporter = OTLPMetricExporter(endpoint.rstrip("/") + _PATH, timeout=PATIENCE)
        self._started = time.time_ns()
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it has a line for each failure; we have one

    def send(self) -> bool:
        """Sends how all is now; says whether it was taken. Takes PATIENCE seconds at most."""
        metrics = list(_converted(REGISTRY.collect(), self._started, time.time_ns()))
        of_scope = ScopeMetrics(self._scope, metrics, "")
        data = MetricsData([ResourceMetrics(self._resource, [of_scope], "")])
        return self._exporter.export(data) is MetricExportResult.SUCCESS


def _converted(families: Iterable[Family], started: int, now: int) -> Iterable[Metric]:
    """The families as metrics of OpenTelemetry; what counts began when its family says so, or at `started` (ns)."""
    for family in families:
        created = {_labels(one): int(one.value * _SECOND) for one in family.samples if _is_start(one)}
        samples = [one for one in family.samples if not _is_start(one)]
        if not samples:
            continue
        if family.type == "histogram":
            points = [
                _histogram(labels, of_one, created.get(labels, started), now)
                for labels, of_one in _by_labels(samples).items()
            ]
            yield Metric(family.name, family.documentation, "", Histogram(points, _CUMULATIVE))
            continue
        numbers = [
            NumberDataPoint(sample.labels, created.get(_labels(sample), started), now, float(sample.value))
            for sample in samples
        ]
        counts = family.type == "counter"
        data = Sum(numbers, _CUMULATIVE, is_monotonic=True) if counts else Gauge(numbers)
        yield Metric(samples[0].name, family.documentation, "", data)


def _is_start(sample: Sample) -> bool:
    """Whether it says when another one began, and nothing else."""
    return sample.name.endswith("_created")


def _by_labels(samples: Iterable[Sample]) -> Mapping[_Labels, list[Sample]]:
    """The samples of each histogram of a family."""
    found: dict[_Labels, list[Sample]] = {}
    for sample in samples:
        found.setdefault(_labels(sample), []).append(sample)
    return found


def _labels(sample: Sample) -> _Labels:
    return tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))


def _histogram(labels: _Labels, samples: Iterable[Sample], started: int, now: int) -> HistogramDataPoint:
    """One histogram: buckets hold what falls into them alone here, and in Prometheus all below their bounds, too."""
    up_to = {float(sample.labels["le"]): int(sample.value) for sample in samples if "le" in sample.labels}
    bounds = sorted(up_to)
    below = [0, *(up_to[bound] for bound in bounds)]
    total = next(float(sample.value) for sample in samples if sample.name.endswith("_sum"))
    return HistogramDataPoint(
        attributes=dict(labels),
        start_time_unix_nano=started,
        time_unix_nano=now,
        count=below[-1],
        sum=total,
        bucket_counts=[upper - lower for lower, upper in pairwise(below)],
        explicit_bounds=bounds[:-1],  # the last one is infinity, which needs no saying
        min=None,  # type: ignore[arg-type]  # unknown, which OTLP allows
        max=None,  # type: ignore[arg-type]
    )
