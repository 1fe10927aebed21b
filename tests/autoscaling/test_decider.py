"""What is decided, told in examples, and compared with an oracle that remembers everything."""

import math
from collections import deque
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from riskengine.autoscaling import ceiling
from riskengine.autoscaling.decider import LONGEST_GAP_S, Decider
from riskengine.autoscaling.policy import Action, Bounds, Observation, Policy
from riskengine.autoscaling.verdict import Why
from riskengine.domain.errors import ConfigurationError
from riskengine.operations.scaling_rules import RULES, Direction, ScalingRule
from riskengine.operations.signals import Condition, Signal
from riskengine.stack.standing import Counts, Kind
from tests.autoscaling import oracle

POLICY = Policy({Kind.API: Bounds(1, 3), Kind.WORKER: Bounds(1, 4, step=2)})
ONE_EACH = Counts(1, 1)
QUIET = {
    Signal.QUEUE_DEPTH: 0.0,
    Signal.QUEUE_LAG: 0.0,
    Signal.WORKER_CPU: 0.1,
    Signal.ACCEPTED_RATE: 10.0,
    Signal.DECIDED_RATE: 10.0,
    Signal.API_P95: 0.02,
    Signal.API_CPU: 0.3,
    Signal.API_MEMORY: 0.5,
    Signal.API_REQUESTS: 1.0,
}
BUSY = QUIET | {Signal.QUEUE_DEPTH: 1832.0, Signal.DECIDED_RATE: 200.0}


class Run:
    """A policy that is applied to one look every 15 seconds; what it decides is done at once."""

    def __init__(self, policy: Policy = POLICY, counts: Counts = ONE_EACH) -> None:
        self.decider = Decider(policy)
        self.counts = counts
        self.at_s = 0.0

    def look(self, signals: dict[Signal, float], minutes: float = 0.25) -> list[Action]:
        """What is done while the signals are so for that long."""
        done: list[Action] = []
        for _ in range(round(minutes * 4)):
            self.at_s += 15.0
            for action in self.decider.decide(Observation(self.at_s, signals, self.counts)):
                self.counts = structs.replace(self.counts, **{str(action.kind): action.after})
                done.append(action)
        return done

    def why(self, signals: dict[Signal, float]) -> dict[str, Why]:
        """What holds each rule back at the next look."""
        self.at_s += 15.0
        verdict = self.decider.weigh(Observation(self.at_s, signals, self.counts))
        return {held.rule: held.why for held in verdict.held}


def test_workers_come_when_the_queue_was_long_for_five_minutes_and_go_when_it_was_short_for_thirty() -> None:
    run = Run()
    # Given a queue that has been too long for almost five minutes, when it is so for five
    assert run.look(BUSY, 5) == []
    (up,) = run.look(BUSY)
    # Then there are more workers, and it is said why
    reason = "queue depth 1 832 messages above 1 000 for 5 min"
    assert up == Action(Kind.WORKER, 1, 3, "HighQueueDepth", reason)
    # And nothing more for the cooldown; then up to the maximum, and no further
    assert [action.after for action in run.look(BUSY, 30)] == [4]
    # When it has been short for thirty minutes, then workers go, in steps that the cooldown keeps apart
    assert run.look(QUIET, 30) == []
    first, second = run.look(QUIET, 10)
    assert (first.before, first.after, second.after) == (4, 2, 1)
    assert first.rule == "LowQueueDepth"
    assert first.reason == (
        "queue depth 0 messages below 10 for 30 min; 1 of 4 carry 10/s accepted, at 60% of a processor each at most"
    )


def test_a_look_without_the_figure_breaks_the_hold() -> None:
    for missing in ({}, {Signal.QUEUE_DEPTH: math.nan}):
        run = Run()
        run.look(BUSY, 4.5)
        run.look(missing)
        assert run.look(BUSY, 5) == []
        assert len(run.look(BUSY)) == 1


def test_time_that_nobody_saw_breaks_the_hold() -> None:
    run = Run()
    run.look(BUSY, 4.5)
    run.at_s += LONGEST_GAP_S
    assert run.look(BUSY, 5) == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({Signal.WORKER_CPU: 0.65}, Why.NEEDED),  # those that remain would be busier than that
        ({Signal.ACCEPTED_RATE: 100.0}, Why.NEEDED),  # ten times what is decided now
        ({Signal.DECIDED_RATE: 0.0}, Why.NEEDED),
        ({Signal.ACCEPTED_RATE: math.nan}, Why.UNKNOWN),
        ({Signal.WORKER_CPU: math.nan}, Why.UNKNOWN),
        ({Signal.QUEUE_LAG: 31.0}, Why.UP),
    ],
)
def test_no_worker_is_taken_that_is_needed(changed: dict[Signal, float], why: Why) -> None:
    # Given two workers and a queue that has been short for long
    run = Run(counts=Counts(1, 2))
    quiet = QUIET | {Signal.WORKER_CPU: 0.4, Signal.ACCEPTED_RATE: 10.0}
    run.look(quiet, 29.75)
    # When something tells that both are needed, then they stay
    assert run.look(quiet | changed, 0.5) == []
    assert run.why(quiet | changed)["LowQueueDepth"] is why
    assert run.counts.worker == 2
    # And if it does not, one goes
    assert [action.after for action in run.look(QUIET)] == [1]


def test_as_many_are_taken_as_may_be() -> None:
    # Given a step of two, of which but one can be spared
    run = Run(counts=Counts(1, 4))
    assert [action.after for action in run.look(QUIET | {Signal.WORKER_CPU: 0.4}, 31)] == [3]


class Line:
    """A queue to which 2 300 messages a second come, and workers that are full at 2 054/s with 49 % of a processor."""

    COMING, FULL, BUSY = 2300.0, 2054.0, 0.49

    def __init__(self) -> None:
        self.depth = 0.0
        self._decided = deque([self.COMING * 15] * 4, maxlen=4)

    def pass_15_s(self, workers: int) -> dict[Signal, float]:
        """What is seen after them; rates are of the last minute."""
        there = self.depth + self.COMING * 15
        self._decided.append(min(there, workers * self.FULL * 15))
        self.depth = there - self._decided[-1]
        decided = sum(self._decided) / 60
        return QUIET | {
            Signal.QUEUE_DEPTH: self.depth,
            Signal.QUEUE_LAG: self.depth / self.COMING,
            Signal.ACCEPTED_RATE: self.COMING,
            Signal.DECIDED_RATE: decided,
            Signal.WORKER_CPU: self.BUSY * decided / workers / self.FULL,
        }


def test_a_worker_that_was_missed_once_is_not_taken_again() -> None:
    # Given two workers, neither of which carries alone what comes in, though its processor would
    run, line = Run(Policy({Kind.WORKER: Bounds(1, 4)}), Counts(1, 2)), Line()
    # When as much comes in for 23 hours
    done = [action for _ in range(23 * 240) for action in run.look(line.pass_15_s(run.counts.worker))]
    # Then one is taken, since nothing tells that it is needed, and comes back for good
    assert [(action.before, action.after) for action in done] == [(2, 1), (1, 2)]
    assert "1 of 2 carry 2 300/s accepted" in done[0].reason
    # And it is said what it is needed for
    (held,) = run.decider.weigh(Observation(run.at_s + 15, line.pass_15_s(2), run.counts)).held
    assert (held.rule, held.why) == ("LowQueueDepth", Why.NEEDED)
    assert "2 of 2 decide 2 300/s accepted, each at most 80% of the 2 054/s that one was seen to decide" in held.reason
    # And when less comes in than four fifths of what one can decide, it goes
    line.COMING = 1600.0
    assert [action.after for _ in range(8) for action in run.look(line.pass_15_s(2))] == [1]


@pytest.mark.parametrize(
    ("minutes", "between", "known"),
    [
        (1.25, {}, True),
        (1.0, {}, False),  # the last of its looks is 45 s after the first
        (0.75, QUIET, False),
        (0.75, {Signal.QUEUE_DEPTH: math.nan}, False),
        (0.75, {Signal.DECIDED_RATE: math.nan}, False),
        (0.75, {Signal.BREAKERS: 2.0}, False),
    ],
)
def test_only_a_whole_minute_of_waiting_tells_what_a_worker_decides(
    minutes: float, between: dict[Signal, float], known: bool
) -> None:
    # Given two workers that decided 20 a second while messages waited for some time, with a break between
    run = Run(counts=Counts(1, 2))
    waiting = QUIET | {Signal.QUEUE_DEPTH: 10.0, Signal.DECIDED_RATE: 20.0}
    run.look(waiting, minutes)
    if between:
        run.look(waiting | between)
        run.look(waiting, minutes)
    # When it is quiet long enough, then one goes if they were not seen to be full
    assert [action.after for action in run.look(QUIET, 31)] == ([] if known else [1])


def test_workers_that_decided_nothing_tell_nothing() -> None:
    run = Run(counts=Counts(1, 2))
    run.look(QUIET | {Signal.QUEUE_DEPTH: 10.0, Signal.DECIDED_RATE: 0.0}, 5)
    assert [action.after for action in run.look(QUIET, 31)] == [1]


def test_what_a_worker_decided_is_forgotten_after_a_day() -> None:
    # Given two workers that were seen to be full
    run = Run(counts=Counts(1, 2))
    run.look(QUIET | {Signal.QUEUE_DEPTH: 10.0, Signal.DECIDED_RATE: 20.0}, 1.25)
    seen_s = run.at_s
    # When it is quiet from then on, then one goes as soon as that is a day ago
    assert run.look(QUIET, 24 * 60) == []
    assert run.at_s == seen_s + ceiling.KEPT_S
    assert [action.after for action in run.look(QUIET)] == [1]


def test_other_counts_of_workers_begin_the_minute_anew() -> None:
    run = Run(counts=Counts(1, 2))
    waiting = QUIET | {Signal.QUEUE_DEPTH: 10.0, Signal.DECIDED_RATE: 20.0}
    run.look(waiting, 0.75)
    run.counts = Counts(1, 4)
    run.look(waiting, 0.75)
    run.counts = Counts(1, 2)
    assert [action.after for action in run.look(QUIET, 31)] == [1]


def test_api_processes_go_when_the_others_carry_what_they_do() -> None:
    # Given two that use a quarter of a processor, and a rule that would let them go
    run = Run(counts=Counts(2, 1))
    (down,) = run.look(QUIET | {Signal.API_CPU: 0.24}, 31)
    assert (down.kind, down.before, down.after, down.rule) == (Kind.API, 2, 1, "LowApiCpu")
    # But none where one would have to use more than it may
    lax = next(rule for rule in RULES if rule.name == "LowApiCpu")
    run = Run(
        structs.replace(POLICY, rules=(structs.replace(lax, when=Condition(Signal.API_CPU, 0.5, 60, below=True)),)),
        Counts(2, 1),
    )
    assert run.look(QUIET | {Signal.API_CPU: 0.4}, 5) == []
    assert run.why(QUIET | {Signal.API_CPU: 0.4}) == {"LowApiCpu": Why.NEEDED}


def test_counts_that_others_change_are_left_alone_for_a_while_unless_they_are_too_few() -> None:
    # Given a queue that has been too long, and somebody who adds a worker by hand
    run = Run()
    run.look(BUSY, 5)
    run.counts = Counts(1, 2)
    # Then what comes of it is waited for
    assert run.look(BUSY, 3) == []
    assert [action.after for action in run.look(BUSY)] == [4]
    # And below the minimum it is brought there at once
    low = Run(Policy({Kind.WORKER: Bounds(3, 5)}))
    assert [(action.after, action.rule) for action in low.look({}, 1)] == [(3, "Minimum")]


def test_nothing_is_done_while_postgresql_or_valkey_is_away() -> None:
    # Given a queue that has been too long, because PostgreSQL is away
    run = Run(Policy({Kind.WORKER: Bounds(2, 4)}))
    away = BUSY | {Signal.BREAKERS: 2.0}
    assert run.look(away, 10) == []
    assert run.why(away) == {"All": Why.AWAY}
    # When it is back, then the minimum holds at once, and rules count from then
    back = BUSY | {Signal.BREAKERS: 0.0}
    assert [action.rule for action in run.look(back, 5)] == ["Minimum"]
    assert [action.rule for action in run.look(back)] == ["HighQueueDepth"]


def test_more_than_the_maximum_fall_to_it_once_something_asks_for_fewer() -> None:
    run = Run(counts=Counts(1, 9))
    assert run.look(BUSY, 6) == []
    assert run.why(BUSY)["HighQueueDepth"] is Why.MAXIMUM
    assert [action.after for action in run.look(QUIET, 31)] == [4]


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (Policy({Kind.WORKER: Bounds(5, 2)}), r"bounds.worker.most \(2\) is below least \(5\): raise most, or lower"),
        (Policy({Kind.API: Bounds(0, 2)}), "bounds.api.least is 0: keep at least 1"),
        (Policy({Kind.API: Bounds(1, 2, step=0)}), "bounds.api.step is 0"),
        (Policy({Kind.API: Bounds(1, 2, cooldown_s=math.nan)}), "bounds.api.cooldown_s is nan"),
        (Policy({}), "bounds: name at least one kind"),
        (structs.replace(POLICY, rules=(*RULES, RULES[0])), "rules.HighQueueDepth is there 2 times"),
        (
            structs.replace(POLICY, rules=(structs.replace(RULES[0], when=Condition(Signal.API_CPU, 70, 1)),)),
            r"rules.HighQueueDepth.threshold is 70: a share is from 0 to 1 \(0.7 is 70 %\)",
        ),
        (
            structs.replace(POLICY, rules=(structs.replace(RULES[0], when=Condition(Signal.API_P95, math.inf, -1)),)),
            "rules.HighQueueDepth.threshold is inf.*rules.HighQueueDepth.hold_s is -1",
        ),
        (
            structs.replace(
                POLICY,
                rules=(RULES[0], structs.replace(RULES[3], when=Condition(RULES[0].when.signal, 1000, 1, below=True))),
            ),
            r"rules.LowQueueDepth.threshold \(1000\) is not below that of HighQueueDepth \(1000\)",
        ),
    ],
)
def test_a_policy_that_cannot_be_is_refused(policy: Policy, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        Decider(policy)


_UP = {
    Kind.WORKER: (Signal.QUEUE_DEPTH, Signal.QUEUE_LAG, Signal.WORKER_CPU),
    Kind.API: (Signal.API_P95, Signal.API_CPU, Signal.API_REQUESTS),
}
_DOWN = {Kind.WORKER: (Signal.QUEUE_DEPTH, Signal.WORKER_CPU), Kind.API: (Signal.API_CPU, Signal.API_REQUESTS)}
_holds = st.sampled_from([0.0, 10.0, 30.0, 60.0])


@st.composite
def _policies(draw: st.DrawFn) -> Policy:
    bounds, rules = {}, list[ScalingRule]()
    for kind in draw(st.sampled_from([[Kind.WORKER], [Kind.API], [Kind.WORKER, Kind.API]])):
        least = draw(st.integers(1, 3))
        bounds[kind] = Bounds(
            least, least + draw(st.integers(0, 4)), draw(st.integers(1, 3)), draw(st.sampled_from([0.0, 20.0, 60.0]))
        )
        for signal in draw(st.lists(st.sampled_from(_UP[kind]), unique=True)):
            rules.append(ScalingRule(f"Up{signal}", kind, Direction.UP, Condition(signal, 0.7, draw(_holds))))
        for signal in draw(st.lists(st.sampled_from(_DOWN[kind]), unique=True)):
            condition = Condition(signal, 0.5, draw(_holds), below=True)
            rules.append(ScalingRule(f"Down{signal}", kind, Direction.DOWN, condition))
    return Policy(bounds, tuple(rules))


_values = st.one_of(
    st.sampled_from([0.0, 0.1, 0.1, 0.3, 0.6, 0.8, 0.8]), st.floats(0, 2, allow_nan=False), st.just(math.nan)
)
_odd = st.sampled_from(sorted(QUIET)).flatmap(lambda signal: st.fixed_dictionaries({signal: _values}))
_calm = dict.fromkeys(QUIET, 0.1)
_signals = st.one_of(
    _odd.map(lambda odd: _calm | odd),  # all is quiet but one
    st.fixed_dictionaries({Signal.BREAKERS: st.sampled_from([0.0, 1.0])} | dict.fromkeys(QUIET, _values)),
    st.fixed_dictionaries({signal: st.sampled_from([0.0, 0.1, 0.3]) for signal in QUIET}),  # mostly all is quiet
    st.dictionaries(st.sampled_from(sorted(QUIET)), _values),
    st.fixed_dictionaries(dict.fromkeys(QUIET, _values)),
)
_stretches = st.tuples(_signals, st.integers(1, 8))
_gaps = st.sampled_from([10.0, 10.0, 10.0, 15.0, 70.0])
_meddling = st.sampled_from([None] * 12 + [1, 2, 5, 8])


@settings(max_examples=150, deadline=None)
@given(policy=_policies(), stretches=st.lists(_stretches, min_size=1, max_size=8), data=st.data())
def test_it_decides_what_the_oracle_decides(
    policy: Policy, stretches: list[tuple[dict[Signal, float], int]], data: st.DataObject
) -> None:
    # Given signals that stay for some looks, and people who change counts now and then
    looks = ((signals, data.draw(_gaps), data.draw(_meddling)) for signals, times in stretches for _ in range(times))
    # When it decides, then it decides what may be told from all that was seen
    _compare(policy, Counts(data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))), looks)


_waiting = st.tuples(
    st.sampled_from([0.05, 0.1, 0.2, 0.4]).map(
        lambda decided: _calm | {Signal.QUEUE_DEPTH: 40.0, Signal.DECIDED_RATE: decided}
    ),
    st.integers(5, 9),
)
_quiet = st.tuples(
    st.fixed_dictionaries(
        {Signal.ACCEPTED_RATE: st.sampled_from([0.05, 0.1, 0.2]), Signal.QUEUE_DEPTH: st.sampled_from([0.0, 0.0, 6.0])}
    ).map(lambda seen: _calm | {Signal.DECIDED_RATE: 0.2, Signal.WORKER_CPU: 0.05} | seen),
    st.integers(1, 3),
)
_broken = st.tuples(
    st.sampled_from([{Signal.BREAKERS: 1.0}, {Signal.DECIDED_RATE: math.nan}, {Signal.DECIDED_RATE: 0.0}, {}]).map(
        lambda odd: (_calm | {Signal.QUEUE_DEPTH: 40.0} | odd) if odd else {}
    ),
    st.just(1),
)


@settings(max_examples=150, deadline=None)
@given(
    hold_s=_holds,
    step=st.integers(1, 4),
    workers=st.integers(2, 8),
    stretches=st.lists(st.one_of(_waiting, _waiting, _quiet, _quiet, _broken), min_size=2, max_size=10),
    data=st.data(),
)
def test_it_remembers_what_the_oracle_remembers(
    hold_s: float, step: int, workers: int, stretches: list[tuple[dict[Signal, float], int]], data: st.DataObject
) -> None:
    # Given workers whose processors are idle, messages that wait for about a minute now and then, and quiet between
    drained = Condition(Signal.QUEUE_DEPTH, 30.0, hold_s, below=True)
    policy = Policy(
        {Kind.WORKER: Bounds(1, 8, step, 0.0)}, (ScalingRule("Drained", Kind.WORKER, Direction.DOWN, drained),)
    )
    looks = list[tuple[dict[Signal, float], float, int | None]]()
    for signals, times in stretches:
        gap = data.draw(st.sampled_from([10.0, 15.0, 30.0, 70.0, 43_200.0]))
        meddled = data.draw(st.sampled_from([None, None, 8, 5]))
        odd = data.draw(st.integers(0, times - 1))  # one look of the stretch comes later, or finds another count
        usual = data.draw(st.sampled_from([10.0, 15.0]))
        looks += [(signals, gap, meddled) if place == odd else (signals, usual, None) for place in range(times)]
    # When it decides, then it takes what may be told from all that was seen
    _compare(policy, Counts(1, workers), looks)


def _compare(policy: Policy, counts: Counts, given: Iterable[tuple[dict[Signal, float], float, int | None]]) -> None:
    """Whether it decides what the oracle does, at each look: signals, seconds since the last, workers if changed."""
    decider, looks, at_s = Decider(policy), list[oracle.Look](), 0.0
    for signals, gap, meddled in given:
        at_s += gap
        if meddled is not None:
            counts = structs.replace(counts, worker=meddled)
        now = Observation(at_s, signals, counts)
        verdict = decider.weigh(now)
        wanted = oracle.expected(policy, looks, now)
        assert {action.kind: action.after for action in verdict.actions} == wanted
        # And the promises hold, by themselves
        for action in verdict.actions:
            _within_bounds(policy, action)
            if action.after < action.before:
                seen = [*(look.seen for look in looks), now]
                assert oracle.suffices(action.kind, action.after, seen, _low(policy))
        # And what is held back is not done
        assert not {action.rule for action in verdict.actions} & {held.rule for held in verdict.held}
        looks.append(oracle.Look(now, verdict.actions))
        for action in verdict.actions:
            counts = structs.replace(counts, **{str(action.kind): action.after})


def _within_bounds(policy: Policy, action: Action) -> None:
    bounds = policy.bounds[action.kind]
    assert action.before != action.after >= bounds.least
    if action.after > action.before:
        assert action.after <= bounds.most
        assert action.after - action.before <= bounds.step or action.before < bounds.least
    else:
        assert action.before - action.after <= bounds.step or action.before > bounds.most


def _low(policy: Policy) -> float:
    lows = [rule.when.threshold for rule in policy.rules if rule.when.signal is Signal.QUEUE_DEPTH and rule.when.below]
    return max(lows, default=10.0)
