"""Which conditions hold, since when, and which did."""

from riskengine.operations import watchlist
from riskengine.operations.alert import Severity
from riskengine.operations.scaling_rules import RULES
from riskengine.operations.signals import Condition, Signal
from riskengine.operations.watchlist import Watched, Watchlist

DEEP = Watched("Deep", Severity.WARNING, Condition(Signal.QUEUE_DEPTH, 500, 60))
IDLE = Watched("Idle", Severity.SCALING, Condition(Signal.QUEUE_DEPTH, 10, 30, below=True))


def test_a_condition_alerts_once_it_has_held_without_a_break() -> None:
    followed = Watchlist([DEEP, IDLE])
    assert followed.look(0.0, {Signal.QUEUE_DEPTH: 100}) == ()
    [first] = followed.look(10.0, {Signal.QUEUE_DEPTH: 600})
    assert (first.watched, first.value, first.since_s, first.alerts) == (DEEP, 600, 0.0, False)
    # A break, be it that nothing is known, begins anew, and is no alert that is over
    assert followed.look(60.0, {}) == followed.over == ()
    assert not followed.look(65.0, {Signal.QUEUE_DEPTH: 700})[0].alerts
    assert followed.look(125.0, {Signal.QUEUE_DEPTH: 800})[0].alerts


def test_what_alerted_is_remembered_the_latest_first() -> None:
    followed = Watchlist([DEEP, IDLE])
    for at_s in (0.0, 60.0):
        followed.look(at_s, {Signal.QUEUE_DEPTH: 600})
    for at_s in (70.0, 100.0):
        [holding] = followed.look(at_s, {Signal.QUEUE_DEPTH: 0})
    assert holding.alerts
    followed.look(130.0, {Signal.QUEUE_DEPTH: 50})
    assert [(one.watched.name, one.held_s, one.ago_s) for one in followed.over] == [
        ("Idle", 60.0, 0.0),
        ("Deep", 70.0, 60.0),
    ]


def test_all_scaling_rules_and_limits_of_the_specification_are_watched() -> None:
    every = {one.name: one for one in watchlist.watched()}
    assert {rule.name: rule.when for rule in RULES} == {
        name: one.condition for name, one in every.items() if one.severity is Severity.SCALING
    }
    assert {"ApiLatencyCritical", "QueueDepthWarning", "ErrorRateCritical", "WorkerLagWarning"} <= every.keys()
    assert next(iter(every.values())).severity is Severity.CRITICAL
