"""Signals from looks, whatever comes, goes, or does not answer between them."""

import pytest

from riskengine.operations import scrapes
from riskengine.operations.errors import ReadError
from riskengine.operations.exposition import Series, parse
from riskengine.operations.signals import Signal
from riskengine.stack.standing import Kind
from tests.operations.shown import look

ACCEPTED = 'riskengine_accepted_total{by="single"}'
BATCHES = 'riskengine_accepted_total{by="batch"}'
DECIDED = 'riskengine_decided_total{outcome="approve"}'
API_CPU = 'riskengine_cpu_seconds_total{role="api"}'
WORKER_CPU = 'riskengine_cpu_seconds_total{role="worker"}'
DEPTH, LAG = "riskengine_queue_depth", "riskengine_queue_lag_seconds"


def _requests(status: int, route: str = "/api/v1/transactions") -> str:
    return f'riskengine_http_requests_total{{method="POST",route="{route}",status="{status}"}}'


def test_gauges_are_known_at_once_and_rates_from_the_second_look_on() -> None:
    api = {ACCEPTED: 100.0, API_CPU: 5.0, "riskengine_http_requests_under_way": 3.0}
    worker = {DECIDED: 90.0, WORKER_CPU: 7.0, DEPTH: 12.0, LAG: 0.5, 'riskengine_memory_ratio{role="worker"}': 0.4}
    pool = {"riskengine_postgresql_connections": 30.0, "riskengine_postgresql_connections_most": 100.0}
    first = look(10.0, {"a": api, "w": worker | pool, "v": worker | {DEPTH: 13.0}})
    gauges = {
        Signal.QUEUE_DEPTH: 13.0,
        Signal.QUEUE_LAG: 0.5,
        Signal.WORKER_MEMORY: 0.4,
        Signal.API_REQUESTS: 3.0,
        Signal.DATABASE_CONNECTIONS: 0.3,
    }
    assert scrapes.signals([first]) == gauges
    second = look(
        20.0,
        {
            "a": api | {ACCEPTED: 150.0, API_CPU: 9.0},
            "w": worker | pool | {DECIDED: 120.0, WORKER_CPU: 8.0},
            "v": worker,
        },
    )
    assert scrapes.signals([first, second]) == pytest.approx(
        gauges
        | {
            Signal.QUEUE_DEPTH: 12.0,
            Signal.ACCEPTED_RATE: 5.0,
            Signal.DECIDED_RATE: 3.0,
            Signal.API_CPU: 0.4,
            Signal.WORKER_CPU: 0.05,
        }
    )


def test_what_comes_counts_from_zero_and_what_goes_keeps_what_it_counted() -> None:
    # Given a process that goes after the second look, and one that comes then
    looks = [
        look(0.0, {"a": {ACCEPTED: 100.0}}),
        look(10.0, {"a": {ACCEPTED: 130.0}}),
        look(20.0, {"b": {ACCEPTED: 20.0, BATCHES: 10.0}}),
        look(30.0, {"b": {ACCEPTED: 50.0, BATCHES: 40.0}}),
    ]
    # Then what each accepted meanwhile counts: 30, and 90
    assert scrapes.signals(looks)[Signal.ACCEPTED_RATE] == pytest.approx(4.0)


def test_a_counter_that_falls_begins_anew() -> None:
    looks = [look(at_s, {"a": {ACCEPTED: value}}) for at_s, value in ((0.0, 100.0), (10.0, 110.0), (20.0, 5.0))]
    assert scrapes.signals(looks)[Signal.ACCEPTED_RATE] == pytest.approx(0.75)


def test_an_average_is_over_those_that_are_there() -> None:
    # Given one that goes, one that stays, and one that has just come, after it used a lot for its start
    looks = [
        look(0.0, {"gone": {WORKER_CPU: 0.0}, "stays": {WORKER_CPU: 10.0}}),
        look(10.0, {"stays": {WORKER_CPU: 15.0}, "new": {WORKER_CPU: 3.0}}),
    ]
    # Then the average is that of those that were seen twice
    assert scrapes.signals(looks)[Signal.WORKER_CPU] == pytest.approx(0.5)
    # And of the new one by its own time
    looks.append(look(20.0, {"stays": {WORKER_CPU: 20.0}, "new": {WORKER_CPU: 4.0}}))
    assert scrapes.signals(looks)[Signal.WORKER_CPU] == pytest.approx(0.3)


def test_what_is_silent_makes_sums_unknown_and_not_small() -> None:
    # Given an API process that does not answer, beside one that does
    both = {"a": {ACCEPTED: 0.0, API_CPU: 0.0}, "b": {ACCEPTED: 0.0, API_CPU: 0.0}, "w": {WORKER_CPU: 0.0, DEPTH: 1.0}}
    one = {"a": {ACCEPTED: 9.0, API_CPU: 1.0}, "w": {WORKER_CPU: 2.0, DEPTH: 1.0}}
    looks = [look(0.0, both), look(10.0, one, {"b": Kind.API})]
    # Then what it would have been part of is unknown, and the rest known
    assert scrapes.signals(looks) == {Signal.QUEUE_DEPTH: 1.0, Signal.WORKER_CPU: pytest.approx(0.2)}
    # And when it answers again, nothing is lost
    looks.append(look(20.0, {"a": {ACCEPTED: 20.0}, "b": {ACCEPTED: 20.0}}))
    assert scrapes.signals(looks)[Signal.ACCEPTED_RATE] == pytest.approx(2.0)
    # But one that was never heard before may have counted all that long ago
    unheard = [look(10.0, {"a": {ACCEPTED: 9.0}}, {"b": Kind.API}), looks[-1]]
    assert Signal.ACCEPTED_RATE not in scrapes.signals(unheard)


def test_a_metric_without_samples_is_zero_and_one_that_nobody_has_is_unknown() -> None:
    # Given processes that have such counters, and counted nothing yet
    found = scrapes.signals([look(0.0, {"a": {}}), look(10.0, {"a": {}})])
    assert found == {Signal.ACCEPTED_RATE: 0.0, Signal.DECIDED_RATE: 0.0}
    # And no process at all
    assert scrapes.signals([look(0.0, {}), look(10.0, {})]) == {}


def test_errors_are_a_share_of_requests() -> None:
    before = {_requests(201): 10.0, _requests(404): 0.0, _requests(503): 1.0}
    after = {_requests(201): 16.0, _requests(404): 2.0, _requests(503): 3.0}
    found = scrapes.signals([look(0.0, {"a": before}), look(10.0, {"a": after})])
    assert found[Signal.ERROR_RATE] == pytest.approx(0.2)
    # Without requests it is no share of anything
    assert Signal.ERROR_RATE not in scrapes.signals([look(0.0, {"a": after}), look(10.0, {"a": after})])


def test_latency_is_that_of_users() -> None:
    # Given slow answers to whoever looks at health and metrics, and quick ones to users
    def shown(health: float, users: float) -> dict[str, float]:
        bucket = 'riskengine_http_request_seconds_bucket{{le="{}",route="{}"}}'
        slow = {
            bucket.format(bound, route): health * share
            for route in ("/metrics", "/health/live")
            for bound, share in _SLOW
        }
        return slow | {bucket.format(bound, "/api/v1/transactions"): users for bound, _ in _SLOW}

    looks = [look(0.0, {"a": shown(0, 0), "b": shown(5, 5)}), look(10.0, {"a": shown(50, 10), "b": shown(55, 25)})]
    assert scrapes.signals(looks)[Signal.API_P95] == pytest.approx(0.095)


_SLOW = (("0.1", 0.0), ("1.0", 1.0), ("+Inf", 1.0))


@pytest.mark.parametrize(
    ("postgresql", "redis", "model", "worst"), [(0, 0, 2, 0), (2, 0, 0, 2), (0, 1, 0, 1), (1, 2, 0, 2)]
)
def test_the_worst_breaker_is_told_models_apart(postgresql: int, redis: int, model: int, worst: int) -> None:
    states = {"postgresql": postgresql, "redis": redis, "model": model}
    shown = {f'riskengine_breaker_state{{part="{part}"}}': float(state) for part, state in states.items()}
    assert scrapes.signals([look(0.0, {"w": shown})]) == {Signal.BREAKERS: worst}


def test_what_is_no_exposition_is_said_to_be_none() -> None:
    assert parse('a_total{x="1",b="2"} 3\n').of("a_total") == {Series("a_total", (("b", "2"), ("x", "1"))): 3.0}
    for text in ("<html>", "a{", "a b c d"):
        with pytest.raises(ReadError, match="no metrics in Prometheus's text format"):
            parse(text)
