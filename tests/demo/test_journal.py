"""Percentiles by nearest rank."""

import math

import pytest

from riskengine.demo.journal import percentiles


@pytest.mark.parametrize(("share", "expected"), [(0.01, 1), (0.50, 50), (0.99, 99), (1.0, 100)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentiles([float(value) for value in range(100, 0, -1)], share) == [expected]


def test_no_values_have_no_percentiles() -> None:
    assert all(math.isnan(value) for value in percentiles([], 0.5, 0.99))
