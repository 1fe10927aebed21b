"""Calibration: always a probability, or none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskengine.models.calibration import Calibration, Isotonic, Platt, Uncalibrated

KINDS: list[Calibration] = [
    Uncalibrated(),
    Platt(a=-3.0, b=1.0),
    Platt(a=1e300, b=-1e300),
    Isotonic(x=(-1.0, 0.0, 2.0), y=(0.1, 0.1, 0.9)),
    Isotonic(x=(0.0,), y=(0.5,)),
]


@given(st.sampled_from(KINDS), st.floats(width=32))
def test_it_is_a_probability_or_nothing(kind: Calibration, output: float) -> None:
    probability = kind.probability(output)

    assert math.isnan(probability) or 0 <= probability <= 1


@given(st.sampled_from([KINDS[1], KINDS[3]]), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_larger_output_is_never_less_probable(kind: Calibration, one: float, other: float) -> None:
    low, high = sorted((one, other))

    assert kind.probability(low) <= kind.probability(high)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("output", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_none(kind: Calibration, output: float) -> None:
    assert math.isnan(kind.probability(output))


def test_a_probability_may_be_off_by_the_last_bit() -> None:
    assert Uncalibrated().probability(1.0000001) == 1.0
    assert Uncalibrated().probability(-1e-9) == 0.0
    assert math.isnan(Uncalibrated().probability(1.01))


def test_isotonic_goes_straight_between_points_and_level_outside() -> None:
    curve = Isotonic(x=(0.0, 1.0, 3.0), y=(0.2, 0.4, 0.8))

    found = [curve.probability(x) for x in (-5.0, 0.0, 0.5, 1.0, 2.0, 3.0, 9.0)]

    assert found == pytest.approx([0.2, 0.2, 0.3, 0.4, 0.6, 0.8, 0.8])
