"""Curves of arrivals, at moments."""

from typing import Any

import msgspec
import pytest

from riskengine.capacity.whatif.arrivals import Arrivals

STEPS = [{"at_s": 10, "per_s": 5}, {"at_s": 20, "per_s": 7}]


@pytest.mark.parametrize(
    ("told", "rates"),
    [
        ({"curve": "constant", "per_s": 3}, {0: 3, 99: 3}),
        ({"curve": "steps", "steps": STEPS}, {0: 0, 9: 0, 10: 5, 19: 5, 20: 7, 99: 7}),
        ({"curve": "ramp", "from_per_s": 10, "to_per_s": 30, "over_s": 20}, {0: 10, 5: 15, 20: 30, 99: 30}),
        (
            {"curve": "spike", "base_per_s": 1, "peak_per_s": 9, "at_s": 10, "for_s": 5},
            {9: 1, 10: 9, 14.9: 9, 15: 1},
        ),
        (
            {"curve": "diurnal", "mean_per_s": 10, "swing": 0.5, "period_s": 40, "peak_at_s": 10},
            {10: 15, 20: 10, 30: 5, 50: 15},
        ),
        ({"curve": "points", "points": STEPS}, {0: 5, 10: 5, 15: 6, 20: 7, 99: 7}),
    ],
    ids=lambda value: value.get("curve", ""),
)
def test_rates(told: dict[str, Any], rates: dict[float, float]) -> None:
    curve = msgspec.convert(told, Arrivals)  # type: ignore[arg-type]
    assert {at_s: curve.rate(at_s) for at_s in rates} == pytest.approx(rates)
    assert not curve.faults()
