"""What a process shows at `/metrics`, as frozen samples."""

from collections.abc import Mapping

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from riskengine.operations.errors import ReadError


class Series(msgspec.Struct, frozen=True):
    """What tells one row of numbers from all others of a process: its name, and its labels, ordered by theirs."""

    name: str
    labels: tuple[tuple[str, str], ...]

    def label(self, name: str) -> str:
        """The value of a label; empty if it is not there."""
        return dict(self.labels).get(name, "")


class Exposition(msgspec.Struct, frozen=True):
    """All samples of one look at one process, and the names of the metrics that it has, with samples or without."""

    samples: Mapping[str, Mapping[Series, float]]
    """By their names."""
    metrics: frozenset[str]

    def of(self, name: str) -> Mapping[Series, float]:
        """The samples of that name."""
        return self.samples.get(name, {})


def parse(text: str) -> Exposition:
    """Reads Prometheus's text format. Raises ReadError if it is none."""
    samples: dict[str, dict[Series, float]] = {}
    metrics: set[str] = set()
    try:
        for family in text_string_to_metric_families(text):
            metrics.add(f"{family.name}_total" if family.type == "counter" else family.name)
            for sample in family.samples:
                series = Series(sample.name, tuple(sorted(sample.labels.items())))
                samples.setdefault(sample.name, {})[series] = float(sample.value)
    except (ValueError, KeyError, IndexError) as error:  # as the parser fails on what is no exposition
        raise ReadError(f"these are no metrics in Prometheus's text format: {error}") from error
    return Exposition(samples, frozenset(metrics))
