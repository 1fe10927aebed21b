"""The loop: what it does, logs and counts, and that it goes on whatever fails."""

import asyncio

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from riskengine.autoscaling.autoscaler import Autoscaler
from riskengine.autoscaling.policy import Bounds, Policy
from riskengine.domain.errors import ConfigurationError
from riskengine.operations.errors import ReadError
from riskengine.operations.scaling_rules import Direction, ScalingRule
from riskengine.operations.signals import Condition, Signal
from riskengine.stack.standing import Counts, Kind
from tests.autoscaling.made_up import MadeUpDriver, MadeUpSource

LONG, SHORT = {Signal.QUEUE_DEPTH: 500.0}, {Signal.QUEUE_DEPTH: 0.0}
QUIET = SHORT | {Signal.WORKER_CPU: 0.1, Signal.ACCEPTED_RATE: 0.0, Signal.DECIDED_RATE: 0.0}
POLICY = Policy(
    {Kind.WORKER: Bounds(1, 3, step=2, cooldown_s=30)},
    (
        ScalingRule("Long", Kind.WORKER, Direction.UP, Condition(Signal.QUEUE_DEPTH, 100, 10)),
        ScalingRule("Short", Kind.WORKER, Direction.DOWN, Condition(Signal.QUEUE_DEPTH, 10, 20, below=True)),
    ),
)


def _counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"riskengine_autoscaler_{name}", labels) or 0.0


async def test_each_action_is_done_once_logged_with_its_reason_and_counted() -> None:
    # Given a queue that is too long, and before looks at it
    source, driver = MadeUpSource(LONG), MadeUpDriver()
    autoscaler = Autoscaler(source, driver, POLICY)
    before = [_counted("actions_total", kind="worker", direction=way) for way in ("up", "down")]
    held = _counted("held_total", kind="worker", why="maximum")
    with capture_logs() as logged:
        # When it is looked at for longer than it may be so, and is short later
        for at_s in range(0, 60, 5):
            await autoscaler.look(float(at_s))
        source.signals = QUIET
        for at_s in range(60, 85, 5):
            await autoscaler.look(float(at_s))
    # Then workers come and go
    assert driver.asked == [(Kind.WORKER, 3), (Kind.WORKER, 1)]
    told = [line for line in logged if line["event"] == "scaled_by_rule"]
    assert [(line["rule"], line["before"], line["after"]) for line in told] == [("Long", 1, 3), ("Short", 3, 1)]
    assert told[0]["reason"] == "queue depth 500 messages above 100 for 10 s"
    after = [_counted("actions_total", kind="worker", direction=way) for way in ("up", "down")]
    assert after == [count + 1 for count in before]
    assert _counted("wanted", kind="worker") == 1
    # And what was held back is told once each time, and not with each look
    kept = [(line["rule"], line["why"]) for line in logged if line["event"] == "scaling_held"]
    assert kept == [("Long", "maximum")]
    assert _counted("held_total", kind="worker", why="maximum") == held + 1


async def test_a_dry_run_says_it_and_does_nothing() -> None:
    driver = MadeUpDriver()
    autoscaler = Autoscaler(MadeUpSource(LONG), driver, POLICY, dry=True)
    with capture_logs() as logged:
        for at_s in range(0, 35, 5):
            await autoscaler.look(float(at_s))
    assert driver.asked == []
    assert [(line["event"], line["after"]) for line in logged if line["event"] != "scaling_held"] == [
        ("would_scale", 3)
    ]


async def test_what_the_driver_refuses_is_told_and_tried_again_after_the_cooldown() -> None:
    # Given a stack that cannot have more
    driver = MadeUpDriver()
    driver.refusal = "still api=1 worker=1, as before: no memory"
    autoscaler = Autoscaler(MadeUpSource(LONG), driver, POLICY)
    refused = _counted("refused_total", kind="worker")
    with capture_logs() as logged:
        for at_s in range(0, 45, 5):
            await autoscaler.look(float(at_s))
    # Then it is asked again, once, after the cooldown
    assert driver.asked == [(Kind.WORKER, 3)] * 2
    told = [line for line in logged if line["event"] == "scaling_refused"]
    assert [line["error"] for line in told] == [driver.refusal] * 2
    assert {line["log_level"] for line in told} == {"warning"}
    assert _counted("refused_total", kind="worker") == refused + 2


async def test_what_cannot_be_read_is_told_once_and_breaks_holds() -> None:
    # Given a queue that has almost been too long for long enough
    source, driver = MadeUpSource(LONG), MadeUpDriver()
    autoscaler = Autoscaler(source, driver, POLICY)
    failures = _counted("read_failures_total")
    with capture_logs() as logged:
        await autoscaler.look(0.0)
        # When nothing can be read for two looks
        source.failure = ReadError("http://127.0.0.1:9090 does not answer")
        await autoscaler.look(5.0)
        assert (await autoscaler.look(10.0)).signals == {}
        source.failure = None
        await autoscaler.look(15.0)
        # Then the time before that counts no more
        await autoscaler.look(20.0)
        assert driver.asked == []
        await autoscaler.look(25.0)
        assert len(driver.asked) == 1
    events = [(line["event"], line.get("reason")) for line in logged][:2]
    assert events == [("signals_unread", "http://127.0.0.1:9090 does not answer"), ("signals_read_again", None)]
    assert _counted("read_failures_total") == failures + 2


async def test_nothing_is_decided_before_counts_were_ever_read() -> None:
    source, driver = MadeUpSource(LONG), MadeUpDriver()
    source.failure = ReadError("nothing there")
    autoscaler = Autoscaler(source, driver, POLICY)
    assert (await autoscaler.look(0.0)).counts is None
    assert driver.asked == []


async def test_processes_that_do_not_answer_are_named_and_named_no_more() -> None:
    source = MadeUpSource(SHORT)
    autoscaler = Autoscaler(source, MadeUpDriver(), POLICY)
    with capture_logs() as logged:
        for away in (("worker-2",), ("worker-2",), ()):
            source.away = away
            await autoscaler.look(0.0)
    assert [line["names"] for line in logged if line["event"] == "processes_silent"] == [["worker-2"]]
    assert [line["event"] for line in logged if line["event"].startswith("processes")][-1] == "processes_answer"


async def test_it_looks_until_it_is_to_stop() -> None:
    source, stop = MadeUpSource(SHORT), asyncio.Event()
    looks = 0

    class Counted(MadeUpDriver):
        def counts(self) -> Counts:
            nonlocal looks
            looks += 1
            if looks == 3:
                stop.set()
            return super().counts()

    async with asyncio.timeout(20):
        await Autoscaler(source, Counted(), POLICY).run(0.001, stop)
    assert looks >= 3


def test_a_policy_that_cannot_be_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="below least"):
        Autoscaler(MadeUpSource({}), MadeUpDriver(), Policy({Kind.API: Bounds(3, 2)}))
