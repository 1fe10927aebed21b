"""What the simulator says, against formulas that are known to hold."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from riskengine.capacity.whatif import summary
from riskengine.capacity.whatif.course import Course, What
from riskengine.capacity.whatif.simulation import Simulation
from tests.capacity.whatif.worlds import MANY, calibration, played, scenario

NOTICED = 1e-6


def at(course: Course, seconds: float) -> Any:
    """The moment that is nearest."""
    return min(course.moments, key=lambda moment: abs(moment.at_s - seconds))


def test_an_overload_grows_by_the_difference() -> None:
    # Given 50 a second more than the 100 that a worker decides, in the fluid limit
    course = played(arrivals={"curve": "constant", "per_s": 150})
    # Then the depth is (λ - μ) t all the time, and the oldest has waited for what is before it
    for moment in course.moments:
        assert moment.depth == pytest.approx(50 * moment.at_s, abs=5)
        assert moment.lag_s == pytest.approx(moment.depth / 150, abs=0.2)


def test_a_backlog_drains_at_the_difference() -> None:
    # Given 60 s of 400 a second, and then 20
    spike = {"curve": "spike", "base_per_s": 20, "peak_per_s": 400, "at_s": 0, "for_s": 60}
    course = played(arrivals=spike)
    found = summary.of(course)
    # Then it is as deep as (λ - μ) t at its end, and empty after depth / (μ - λ)
    assert found.peak_depth == pytest.approx(300 * 60, rel=0.01)
    assert found.peak_depth_at_s == pytest.approx(60, abs=1.1)
    empty = next(m.at_s for m in course.moments if m.at_s > 61 and m.depth < 5)
    assert empty - 60 == pytest.approx(300 * 60 / 80, rel=0.01)
    # And who came last in the spike has waited depth / μ
    assert found.worst_p95_s == pytest.approx(180, rel=0.03)
    assert found.peak_lag_s == pytest.approx(180, rel=0.03)
    assert found.stuck is None
    assert found.drain_s == pytest.approx(300 * 60 / 80, abs=2.1)


def test_chance_arrivals_wait_as_in_an_m_d_1_queue() -> None:
    # Given Poisson arrivals on one server that takes 10 ms for each, the length of a step
    load, rate = 0.8, 100.0
    course = played(duration_s=100, poisson=True, arrivals={"curve": "constant", "per_s": load * rate})
    # Then ρ² / (2 (1 - ρ)) wait on average (Pollaczek and Khinchine)
    mean = sum(moment.depth for moment in course.moments) / len(course.moments)
    assert mean == pytest.approx(load**2 / (2 * (1 - load)), rel=0.2)


def test_processors_are_shared() -> None:
    # Given workers that could decide 4000 a second if each had a processor, but two processors for everything
    course = played(
        calibration(tps=1000),
        cores=2,
        start={"api": 4, "worker": 4},
        arrivals={"curve": "constant", "per_s": 3900},
        duration_s=120,
    )
    # When everybody wants more, API processes and workers have half of the two processors each
    last = course.moments[-1]
    assert last.accepted_per_s == pytest.approx(1e6 / (200 + 100 + 0.2 * 300), rel=0.01)
    assert last.decided_per_s == pytest.approx(1e6 / (400 + 0.8 * 300), rel=0.01)
    # And with processors for all nothing is held up
    free = played(
        calibration(tps=1000),
        start={"api": 4, "worker": 4},
        arrivals={"curve": "constant", "per_s": 3900},
        duration_s=120,
    )
    assert free.moments[-1].decided_per_s == pytest.approx(3900)


def test_what_api_processes_cannot_take_in_is_refused() -> None:
    # Given twice what an API process takes in
    course = played(calibration(tps=5000), arrivals={"curve": "constant", "per_s": 2000}, limits={"ingest_queue": 300})
    last = course.moments[-1]
    # Then INGEST_QUEUE_LIMIT wait, which answers the p95 of the time, and the rest is refused
    assert last.accepted_per_s == pytest.approx(1000)
    assert last.refused_per_s == pytest.approx(1000)
    assert last.answer_p95_s == pytest.approx(0.3, abs=0.01)
    # And with a larger limit the requests under way are the limit
    loose = played(
        calibration(tps=5000), arrivals={"curve": "constant", "per_s": 2000}, limits={"ingest_queue": 99_999}
    )
    assert loose.moments[-1].answer_p95_s == pytest.approx(5.0, abs=0.01)


def test_a_full_queue_leaves_the_rest_to_postgresql() -> None:
    # Given a queue of at most 1000, and a spike of 5000 more than is decided
    spike = {"curve": "spike", "base_per_s": 10, "peak_per_s": 600, "at_s": 10, "for_s": 10}
    course = played(arrivals=spike, limits={"queue": 1000})
    # Then the queue never has more, everything waits, and the relay brings it in the end
    assert max(moment.queued for moment in course.moments) <= 1000 + NOTICED
    assert max(moment.depth for moment in course.moments) == pytest.approx(5000, rel=0.03)
    assert summary.of(course).stuck is None
    assert course.moments[-1].decided == pytest.approx(course.moments[-1].accepted, abs=10)


def test_the_relay_leaves_alone_what_may_still_be_in_the_queue() -> None:
    # Given 3000 at once, and a queue of 1000
    burst = {"curve": "spike", "base_per_s": 0, "peak_per_s": 3000, "at_s": 10, "for_s": 1}
    course = played(duration_s=100, arrivals=burst, start={"api": 4, "worker": 1}, limits={"queue": 1000})
    # Then nothing joins before all that is older has left the queue
    assert at(course, 18).queued == pytest.approx(200, abs=100)
    assert at(course, 18).depth > 2000
    assert at(course, 23).queued > 800
    assert summary.of(course).stuck is None


def test_decisions_that_are_waited_for_do_not_use_the_queue() -> None:
    course = played(mix={"single": 0.5, "decisions": 0.5}, arrivals={"curve": "constant", "per_s": 180})
    last = course.moments[-1]
    assert last.depth < 10
    assert last.decided_per_s == pytest.approx(180)


def test_while_valkey_is_away_what_comes_is_accepted_and_waits() -> None:
    course = played(
        mix={"single": 0.8, "decisions": 0.2}, failures=[{"what": "away", "part": "valkey", "at_s": 100, "for_s": 60}]
    )
    # Then those that want their decision at once are refused, and the others wait
    assert at(course, 130).refused_per_s == pytest.approx(10)
    assert at(course, 130).decided_per_s == 0
    assert at(course, 159).depth == pytest.approx(40 * 59, rel=0.03)
    # And all of it is decided afterwards
    assert at(course, 250).depth < 10


def test_while_postgresql_is_away_everything_is_refused() -> None:
    course = played(failures=[{"what": "away", "part": "postgresql", "at_s": 100, "for_s": 60}])
    assert at(course, 130).refused_per_s == pytest.approx(50)
    assert course.moments[-1].refused == pytest.approx(50 * 60, rel=0.02)
    assert at(course, 200).decided_per_s == pytest.approx(50)


def test_what_a_dead_worker_had_in_hand_is_taken_over() -> None:
    # Given two workers with a backlog, one of which dies for 100 s
    backlog = {"curve": "spike", "base_per_s": 10, "peak_per_s": 1000, "at_s": 0, "for_s": 20}
    killed = {"what": "killed", "process": "worker", "at_s": 40, "back_after_s": 100}
    course = played(arrivals=backlog, start={"api": 1, "worker": 2}, failures=[killed])
    # Then one decides meanwhile, and two before and after
    assert [at(course, seconds).worker for seconds in (39, 60, 139, 142)] == [2, 1, 1, 2]
    assert at(course, 60).decided_per_s == pytest.approx(100, rel=0.02)
    assert at(course, 38).decided_per_s == pytest.approx(200, rel=0.02)
    # And its messages do not disappear from the queue: they come 10 s later than they would
    assert at(course, 41).depth > at(course, 39).depth - 450
    assert at(course, 46).latency_p95_s - at(course, 43).latency_p95_s < 3.2
    assert at(course, 52).latency_p95_s - at(course, 49).latency_p95_s > 3.8


def test_a_killed_api_process_takes_less_in() -> None:
    killed = {"what": "killed", "process": "api", "count": 5, "at_s": 100, "back_after_s": 50}
    course = played(failures=[killed])
    assert at(course, 120).api == 0
    assert at(course, 120).refused_per_s == pytest.approx(50)
    assert at(course, 160).api == 1


def test_who_never_comes_back_is_missed_for_good() -> None:
    killed = {"what": "killed", "process": "worker", "at_s": 100, "back_after_s": None}
    course = played(failures=[killed])
    assert course.moments[-1].worker == 0
    stuck = summary.of(course).stuck
    assert stuck is not None
    assert "because what failed is not back" in stuck


def test_slow_processes_take_their_time() -> None:
    course = played(
        arrivals={"curve": "constant", "per_s": 150},
        start={"api": 1, "worker": 2},
        failures=[{"what": "slow", "processes": "worker", "factor": 4, "at_s": 100, "for_s": 60}],
    )
    assert at(course, 150).decided_per_s == pytest.approx(50)
    assert at(course, 200).decided_per_s == pytest.approx(200)


def test_the_autoscaler_is_the_one_of_the_product() -> None:
    # Given three times what a worker decides, for 20 minutes, with the policy's own thresholds
    course = played(
        duration_s=7200,
        arrivals={"curve": "spike", "base_per_s": 20, "peak_per_s": 300, "at_s": 60, "for_s": 1200},
        autoscaler={"bounds": {"worker": {"least": 1, "most": 6, "cooldown_s": 120}}},
        ready_s=20,
    )
    actions = [one for one in course.happenings if one.what is What.SCALING]
    # Then workers are added after the lag held for a minute, one at a time and with pauses
    ups = [one for one in actions if "→ 1" not in one.told and one.at_s < 1300]
    assert ups[0].told == "worker 1 → 2"
    assert "HighQueueLag" in ups[0].reason
    assert 60 + 60 < ups[0].at_s < 240
    assert all(after.at_s - before.at_s >= 120 for before, after in pairwise(ups))
    # And each gets ready a while after
    assert at(course, ups[0].at_s + 15).worker == 1
    assert at(course, ups[0].at_s + 30).worker == 2
    # And when it is over they leave
    assert course.moments[-1].worker == 1
    assert summary.of(course).stuck is None


def test_a_worker_that_is_full_before_its_processor_is_missed_once_at_most() -> None:
    # Given workers that are full at 2 054 a second with 49 % of a processor, and a load for a little more than one
    course = played(
        calibration(tps=2054, worker_us=0.49e6 / 2054),
        duration_s=6 * 3600,
        poisson=True,
        arrivals={"curve": "constant", "per_s": 2300},
        start={"api": 4, "worker": 2},
        autoscaler={"bounds": {"worker": {"least": 1, "most": 4}}},
    )
    # Then the autoscaler learns from its one mistake what a worker can decide
    told = [one.told for one in course.happenings if one.what is What.SCALING]
    assert told == ["worker 2 → 1", "worker 1 → 2"]
    assert summary.of(course).stuck is None


def test_processes_cost_while_they_are_wanted() -> None:
    prices = {"api_hour": 1.0, "worker_hour": 2.0, "fixed_hour": 10.0}
    course = played(duration_s=1800, start={"api": 2, "worker": 3}, prices=prices)
    assert course.moments[-1].cost == pytest.approx((10 + 2 + 6) / 2, rel=0.01)


def test_one_seed_gives_one_course() -> None:
    changed = {"poisson": True, "duration_s": 60}
    assert played(**changed, seed=3) == played(**changed, seed=3)
    assert played(**changed, seed=3) != played(**changed, seed=4)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    curve=some.one_of(
        some.fixed_dictionaries({"curve": some.just("constant"), "per_s": some.floats(0, 3000)}),
        some.fixed_dictionaries(
            {
                "curve": some.just("spike"),
                "base_per_s": some.floats(0, 500),
                "peak_per_s": some.floats(0, 5000),
                "at_s": some.floats(0, 20),
                "for_s": some.floats(1, 30),
            }
        ),
    ),
    poisson=some.booleans(),
    cores=some.sampled_from([0.5, 2, MANY]),
    queue=some.sampled_from([500, 100_000]),
    batch=some.floats(0, 5),
    decisions=some.floats(0, 5),
    failures=some.lists(
        some.one_of(
            some.fixed_dictionaries(
                {
                    "what": some.just("killed"),
                    "process": some.sampled_from(["api", "worker"]),
                    "count": some.integers(1, 3),
                    "at_s": some.floats(0, 39),
                    "back_after_s": some.one_of(some.none(), some.floats(0.1, 30)),
                }
            ),
            some.fixed_dictionaries(
                {
                    "what": some.just("away"),
                    "part": some.sampled_from(["postgresql", "valkey"]),
                    "at_s": some.floats(0, 39),
                    "for_s": some.floats(0.1, 30),
                }
            ),
        ),
        max_size=4,
    ),
)
def test_nothing_is_lost(batch: float, decisions: float, queue: int, curve: dict[str, Any], **fields: Any) -> None:
    # Given any arrivals, failures and limits, and an autoscaler
    told = scenario(
        duration_s=40,
        arrivals=curve,
        mix={"single": 1, "batch": batch, "decisions": decisions},
        limits={"queue": queue},
        autoscaler={
            "every_s": 2,
            "bounds": {"worker": {"least": 1, "most": 4, "cooldown_s": 4}},
            "rules": {"HighQueueLag": {"hold_s": 4}},
        },
        **fields,
    )
    course = Simulation(told, calibration(tps=400)).run()
    # Then at every moment what was accepted is decided or waits, and nothing is below nothing
    for moment in course.moments:
        assert moment.accepted == pytest.approx(moment.decided + moment.depth, abs=1e-3)
        assert min(msgspec.structs.astuple(msgspec.structs.replace(moment, **_known(moment)))) >= -NOTICED
        assert moment.queued <= queue + NOTICED
    # And what was offered was accepted, refused, or is still in an API process
    offered = sum(m.offered_per_s * (m.at_s - b) for m, b in zip(course.moments, _starts(course), strict=True))
    last = course.moments[-1]
    assert offered - last.accepted - last.refused == pytest.approx(0, abs=max(5000 * 101, NOTICED))
    assert last.accepted + last.refused <= offered + 1e-3


def _known(moment: Any) -> dict[str, float]:
    return {name: 0.0 for name in ("latency_p50_s", "latency_p95_s", "answer_p95_s") if getattr(moment, name) is None}


def _starts(course: Course) -> list[float]:
    return [0.0, *(moment.at_s for moment in course.moments[:-1])]
