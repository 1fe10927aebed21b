"""A soak finds what grows. That it runs is tried with the scripts of k6."""

import pytest
from benchmarks.soak_figures import Answer, Look, Soak

from benchmarks import soak_figures

MINUTES = 10.0


def soaked(mb_a_minute: float, ms_a_minute: float, passed: bool = True) -> Soak:
    """Ten minutes in which a worker's memory and the latency grow so."""
    looks = [Look(60.0 * m, {"worker-1": 80 + mb_a_minute * m, "valkey": 20.0 + m}) for m in range(11)]
    given = [Answer(1e9 + 60 * m + s, 10 + ms_a_minute * m + s / 60) for m in range(10) for s in range(60)]
    return soak_figures.of(looks, given, minutes=MINUTES, rate=1, passed=passed, said="")


def test_what_grows_is_found() -> None:
    assert soaked(0.1, 0.1).faults == []  # and Valkey keeps what is sent
    assert soaked(2.0, 0.1).faults == ["worker-1 grew by 16.0 MB"]
    assert soaked(-2.0, 5.0).faults == ["p95 rose by 35.0 ms"]
    assert soaked(0.0, 0.0, passed=False).faults == ["k6 found a threshold crossed: see what it said"]


def test_latency_is_by_minute() -> None:
    windows = soaked(0.0, 1.0).windows
    assert [window.minute for window in windows] == [float(minute) for minute in range(10)]
    assert [window.requests for window in windows] == [60] * 10
    assert windows[3].p50_ms == pytest.approx(13.5, abs=0.1)
