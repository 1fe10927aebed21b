"""What a course comes to, in figures and in words."""

import pytest

from riskengine.capacity.whatif import summary
from tests.capacity.whatif.worlds import calibration, played


def test_what_never_drains_says_why_and_what_would_help() -> None:
    # Given half more than three workers decide
    course = played(calibration(tps=200), arrivals={"curve": "constant", "per_s": 900}, start={"api": 1, "worker": 3})
    found = summary.of(course)
    # Then the sentence has the figures
    assert found.stuck is not None
    assert found.stuck.startswith(
        "arrivals of 900/s exceed what 3 workers decide, 600/s: the queue grows by 300/s and never drains within the"
    )
    assert found.stuck.endswith("with 5 workers it would")
    assert found.drain_s is None


def test_too_few_processors_are_no_matter_of_workers() -> None:
    course = played(calibration(tps=200), arrivals={"curve": "constant", "per_s": 900}, cores=0.6, duration_s=60)
    stuck = summary.of(course).stuck
    assert stuck is not None
    assert "no number of workers would change that here: all together needs" in stuck


def test_a_scenario_that_ends_too_early_says_how_much_is_missing() -> None:
    spike = {"curve": "spike", "base_per_s": 20, "peak_per_s": 400, "at_s": 10, "for_s": 60}
    stuck = summary.of(played(arrivals=spike, duration_s=100)).stuck
    assert stuck is not None
    assert "the scenario ends too early. 1 worker decides 100/s while 20/s arrive, so" in stuck
    # And it is about right
    more = float(stuck.partition(" so ")[2].partition(" s more")[0])
    assert more == pytest.approx(300 * 60 / 80 - 30, rel=0.05)


def test_where_nothing_piles_up_there_is_nothing_to_drain() -> None:
    found = summary.of(played(duration_s=60))
    assert (found.stuck, found.drain_s, found.late) == (None, 0, 0)


def test_late_decisions_are_counted() -> None:
    # Given a backlog of 300 x 60 that grows for 60 s and is gone 225 s later: 24 000 decisions take over a second
    spike = {"curve": "spike", "base_per_s": 20, "peak_per_s": 400, "at_s": 0, "for_s": 60}
    found = summary.of(played(arrivals=spike, late_after_s=90))
    # Then those that arrived from second 30 on, up to what then came and waited less, are late
    assert found.peak_lag_s > 60
    assert found.late == pytest.approx(12_000 + 112 * 20, rel=0.03)
