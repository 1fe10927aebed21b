"""What is added at once is shown as if each had been observed by itself."""

import random

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import REGISTRY

from riskengine.telemetry.bulk_histogram import BulkHistogram

BOUNDS = (0, 0.5, 1, 10)


def test_it_shows_what_a_histogram_of_the_library_does() -> None:
    # Given the same values, those at the bounds among them
    draw = random.Random(5)
    values = [*BOUNDS, -1, 11, *(draw.uniform(0, 12) for _ in range(200))]
    ours = BulkHistogram("test_bulk_ours", "Values", BOUNDS, "by")
    theirs = Histogram("test_bulk_theirs", "Values", ["by"], registry=CollectorRegistry(), buckets=BOUNDS)
    # When they are added at once, and one by one
    for by, some in (("a", values[:50]), ("b", values[50:]), ("b", [])):
        ours.of(by).add(some)
        for value in some:
            theirs.labels(by).observe(value)
    # Then both show the same
    expected = {
        (sample.name.replace("theirs", "ours"), tuple(sorted(sample.labels.items()))): sample.value
        for family in theirs.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in ours.collect()
        for sample in family.samples
    }
    assert found.keys() == expected.keys()
    assert all(abs(found[series] - expected[series]) < 1e-9 for series in expected)


def test_without_a_label_it_is_one() -> None:
    BulkHistogram("test_bulk_plain", "Values", BOUNDS).of().add([0.7])
    assert REGISTRY.get_sample_value("test_bulk_plain_bucket", {"le": "1.0"}) == 1
