"""What is shown, computed from looks at made-up processes."""

import pytest

from riskengine.operations import frame
from riskengine.operations.frame import Pool, Process
from riskengine.operations.signals import Signal
from riskengine.stack.standing import Kind
from tests.operations.shown import look

API = {
    'riskengine_accepted_total{by="single"}': 100.0,
    'riskengine_accepted_total{by="batch"}': 50.0,
    'riskengine_cpu_seconds_total{role="api"}': 10.0,
    'riskengine_memory_bytes{role="api"}': 80.0 * 2**20,
    'riskengine_pool_connections{state="used"}': 3.0,
    'riskengine_pool_connections{state="idle"}': 2.0,
    "riskengine_pool_connections_most": 10.0,
    'riskengine_breaker_state{part="postgresql"}': 0.0,
    'riskengine_breaker_state{part="redis"}': 0.0,
    'riskengine_cache_requests_total{kind="profile",result="hit"}': 5.0,
    'riskengine_cache_requests_total{kind="profile",result="miss"}': 5.0,
    'riskengine_running_version{kind="ruleset"}': 4.0,
    'riskengine_running_version{kind="model"}': 0.0,
    'riskengine_http_request_seconds_bucket{le="0.1",route="/api/v1/transactions"}': 10.0,
    'riskengine_http_request_seconds_bucket{le="0.2",route="/api/v1/transactions"}': 10.0,
    'riskengine_http_request_seconds_bucket{le="+Inf",route="/api/v1/transactions"}': 10.0,
    'riskengine_http_request_seconds_bucket{le="0.1",route="/health/live"}': 0.0,
    'riskengine_http_request_seconds_bucket{le="0.2",route="/health/live"}': 0.0,
    'riskengine_http_request_seconds_bucket{le="+Inf",route="/health/live"}': 0.0,
}
WORKER = {
    'riskengine_decided_total{outcome="approve"}': 90.0,
    'riskengine_decided_total{outcome="review"}': 10.0,
    'riskengine_memory_bytes{role="worker"}': 60.0 * 2**20,
    'riskengine_cpu_seconds_total{role="worker"}': 1.0,
    "riskengine_queue_depth": 12.0,
    'riskengine_breaker_state{part="redis"}': 2.0,
    'riskengine_running_version{kind="ruleset"}': 5.0,
    'riskengine_dead_letters_total{error="E"}': 2.0,
}


def test_rates_shares_and_states_are_of_all_processes() -> None:
    # Given a look, and one ten seconds later
    api = API | {
        'riskengine_accepted_total{by="single"}': 140.0,
        'riskengine_accepted_total{by="batch"}': 60.0,
        'riskengine_cpu_seconds_total{role="api"}': 15.0,
        'riskengine_cache_requests_total{kind="profile",result="hit"}': 11.0,
        'riskengine_cache_requests_total{kind="profile",result="joined"}': 2.0,
        'riskengine_cache_requests_total{kind="profile",result="miss"}': 7.0,
        'riskengine_http_request_seconds_bucket{le="0.2",route="/api/v1/transactions"}': 110.0,
        'riskengine_http_request_seconds_bucket{le="+Inf",route="/api/v1/transactions"}': 110.0,
        'riskengine_http_request_seconds_bucket{le="+Inf",route="/health/live"}': 1e6,
    }
    worker = WORKER | {'riskengine_decided_total{outcome="approve"}': 130.0}
    looks = [look(5.0, {"api-1/7": API, "worker-1/8": WORKER}), look(15.0, {"worker-1/8": worker, "api-1/7": api})]
    # When they are put together
    found = frame.of(looks, 10.0)
    # Then rates are a second, latencies of users alone, states the worst, and versions all that run
    assert (found.accepted, found.decided) == (5.0, 4.0)
    assert found.outcomes == {"approve": 4.0, "review": 0.0}
    assert found.requests == pytest.approx({0.50: 0.15, 0.95: 0.195, 0.99: 0.199})
    assert found.decisions == {}
    assert found.processes == (
        Process("api-1", Kind.API, 0.5, 80.0 * 2**20),
        Process("worker-1", Kind.WORKER, 0.0, 60.0 * 2**20),
    )
    assert found.breakers == {"postgresql": 0, "redis": 2}
    assert found.hits == {"profile": 0.8}
    assert found.pools == {Kind.API: Pool(3, 10)}
    assert (found.dead_letters, found.signals[Signal.QUEUE_DEPTH]) == (2, 12.0)
    assert found.versions == {"model": (0,), "ruleset": (4, 5)}


def test_a_single_look_has_no_rates() -> None:
    found = frame.of([look(0.0, {"api-1/7": API, "worker-1/8": WORKER})], 10.0)
    assert (found.accepted, found.decided, found.outcomes, found.requests, found.hits) == (None, None, {}, {}, {})
    assert [one.cpu for one in found.processes] == [None, None]


def test_rates_are_of_late() -> None:
    # Given a rush at first, then nothing, then 10 in 2 s
    counts = {0.0: 0.0, 2.0: 1000.0, 50.0: 1000.0, 58.0: 1000.0, 60.0: 1010.0}
    looks = [look(at_s, {"a/1": {'riskengine_accepted_total{by="single"}': n}}) for at_s, n in counts.items()]
    # Then what is shown is of the last seconds, and at least of the last two looks; signals are of the minute
    assert frame.of(looks, 10.0).accepted == 1.0
    assert frame.of(looks, 0.5).accepted == 5.0
    assert frame.of(looks, 10.0).signals[Signal.ACCEPTED_RATE] == pytest.approx(1010 / 60)
