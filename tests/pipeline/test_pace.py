"""How many a second, of late."""

from riskengine.pipeline.pace import WINDOW, Pace
from tests.clock import Clock


def test_a_rate_is_of_the_last_seconds_and_exact() -> None:
    # Given something that is done ten times a second
    clock, done = Clock(1_000.0), 0
    pace = Pace(lambda: done, clock)
    assert pace.rate() == 0.0
    for _ in range(10):
        clock.seconds, done = clock.seconds + WINDOW / 4, done + 25
        # When somebody looks again and again, Then the rate is that
        assert pace.rate() == 10.0
    # And when it ends, then half of the window says half of the rate, and after it there is none
    clock.seconds += WINDOW / 2
    assert pace.rate() == 5.0
    clock.seconds += WINDOW / 2
    assert pace.rate() == 0.0


def test_who_looks_seldom_gets_the_rate_since_the_last_look() -> None:
    clock, done = Clock(1_000.0), 0
    pace = Pace(lambda: done, clock)
    for much in (100, 300):
        clock.seconds, done = clock.seconds + 10 * WINDOW, done + much
        assert pace.rate() == much / (10 * WINDOW)
