"""Quantiles of histograms, by the formula's definition."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskengine.operations.quantile import quantile

INF = math.inf


@pytest.mark.parametrize(
    ("share", "buckets", "expected"),
    [
        (0.95, {0.1: 0, 0.2: 90, 0.4: 100, INF: 100}, 0.3),  # half-way through the third bucket
        (0.5, {0.1: 10, INF: 10}, 0.05),  # the first bucket begins at 0
        (0.5, {-1.0: 10, 1.0: 10, INF: 10}, -1.0),  # unless it ends below that
        (0.95, {0.1: 10, 0.2: 20, INF: 100}, 0.2),  # above all finite bounds
        (1.0, {0.1: 10, 0.2: 20, 0.4: 20, INF: 20}, 0.2),
        (0.9, {0.1: 5, 0.2: 4, 0.4: 8, INF: 8}, 0.2 + 0.2 * 2.2 / 3),  # a sum that falls is none
        (0.5, {0.1: 0, INF: 0}, math.nan),
        (0.5, {0.1: 10, 0.2: 20}, math.nan),
        (0.5, {INF: 20}, math.nan),
        (0.5, {}, math.nan),
    ],
)
def test_it_is_what_prometheus_computes(share: float, buckets: dict[float, float], expected: float) -> None:
    assert quantile(share, buckets) == pytest.approx(expected, nan_ok=True)


@given(st.lists(st.floats(0.001, 9.9), min_size=1, max_size=200), st.floats(0.01, 0.99))
def test_it_is_in_the_bucket_of_the_value_that_is_sought(values: list[float], share: float) -> None:
    # Given values that were observed, in buckets
    bounds = [0.01, 0.1, 0.5, 1.0, 5.0, 10.0, INF]
    buckets = {bound: float(sum(value <= bound for value in values)) for bound in bounds}
    # When the quantile is asked for
    found = quantile(share, buckets)
    # Then it lies in the bucket in which the value of that rank lies
    sought = sorted(values)[math.ceil(share * len(values) - 1e-9) - 1]
    below, above = next(pair for pair in zip([0.0, *bounds], bounds, strict=False) if sought <= pair[1])
    assert below <= found <= above
