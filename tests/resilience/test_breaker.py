"""A breaker opens after failures in a row, refuses, is tried, and believes nothing that is old."""

import asyncio
import functools
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from riskengine.domain.errors import NotFound, Unavailable
from riskengine.resilience.breaker import Breaker, Call, Limits, NotAsked, State
from riskengine.settings import Settings
from tests.clock import Clock

LIMITS = Limits(failures=3, open_ms=2_500, probes=2)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("part", LIMITS, clock)


def meet(breaker: Breaker, error: BaseException | None = None) -> None:
    """A call that ends so."""
    with breaker.call():
        if error is not None:
            raise error


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(Unavailable) as raised:
            meet(breaker, Unavailable("part"))
        assert not isinstance(raised.value, NotAsked)


def opened(breaker: Breaker) -> Breaker:
    fail(breaker, LIMITS.failures)
    assert breaker.state is State.OPEN
    return breaker


def half_open(breaker: Breaker, clock: Clock) -> Call:
    """A probe under way."""
    opened(breaker)
    clock.seconds += 2.5
    probe = breaker.call()
    assert breaker.state is State.HALF_OPEN
    return probe


def test_failures_in_a_row_open_it(breaker: Breaker) -> None:
    # Given failures with a success between them
    fail(breaker, 2)
    meet(breaker)
    fail(breaker, 2)
    assert breaker.state is State.CLOSED
    # When the third in a row comes
    fail(breaker)
    # Then it is open
    assert breaker.state is State.OPEN


def test_calls_that_stall_together_open_it(breaker: Breaker) -> None:
    # Given a handful of calls under way at once
    calls = [breaker.call() for _ in range(5)]
    # When they time out, one after the other
    for call in calls:
        call.failed()
    # Then the third opened it, and the others found it so
    assert breaker.state is State.OPEN


def test_open_it_refuses_at_once_and_says_for_how_long(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)

    for passed, wait in ((0.0, 3), (0.5, 2), (1.2, 1), (0.7, 1)):
        clock.seconds += passed
        with pytest.raises(NotAsked, match="part does not answer") as refused:
            breaker.call()
        assert (refused.value.part, refused.value.retry_after) == ("part", wait)


@pytest.mark.parametrize("start", [0.1, 1.003, 1_023.003, 12_345.678])
def test_a_second_is_one_second_however_floats_add(start: float) -> None:
    breaker = Breaker("part", Limits(failures=1, open_ms=1_000), Clock(start))
    fail(breaker)

    with pytest.raises(NotAsked) as refused:
        breaker.call()

    assert refused.value.retry_after == 1


def test_after_its_time_so_many_calls_try_at_once_and_no_more(breaker: Breaker, clock: Clock) -> None:
    # Given a breaker that was open for its time
    half_open(breaker, clock)
    # When more calls come than may try
    breaker.call()
    with pytest.raises(NotAsked) as refused:
        breaker.call()
    # Then the others are refused for a second
    assert refused.value.retry_after == 1


def test_a_probe_that_succeeds_closes_it_for_all(breaker: Breaker, clock: Clock) -> None:
    half_open(breaker, clock).succeeded()

    assert breaker.state is State.CLOSED
    fail(breaker, 2)
    assert breaker.state is State.CLOSED, "failures of before do not count"


def test_a_probe_that_fails_opens_it_for_the_whole_time(breaker: Breaker, clock: Clock) -> None:
    half_open(breaker, clock).failed()

    assert breaker.state is State.OPEN
    clock.seconds += 2.4
    with pytest.raises(NotAsked):
        breaker.call()
    clock.seconds += 0.2
    meet(breaker)
    assert breaker.state is State.CLOSED


def test_a_cancelled_probe_gives_its_place_back(breaker: Breaker, clock: Clock) -> None:
    # Given all places taken
    half_open(breaker, clock)
    second = breaker.call()
    # When one of them is given up
    second.abandoned()
    # Then there is one place again, and nothing is decided
    with pytest.raises(asyncio.CancelledError):
        meet(breaker, asyncio.CancelledError())
    assert breaker.state is State.HALF_OPEN
    breaker.call()
    with pytest.raises(NotAsked):
        breaker.call()


def test_what_began_before_it_opened_changes_nothing(breaker: Breaker, clock: Clock) -> None:
    # Given calls that began while it was closed, and one that is to try it now
    early = [breaker.call() for _ in range(8)]
    probe = half_open(breaker, clock)
    # When the early ones end in every way
    early[0].succeeded()
    early[1].failed()
    early[2].abandoned()
    # Then it is as it was, and has as many places
    assert breaker.state is State.HALF_OPEN
    breaker.call()
    with pytest.raises(NotAsked):
        breaker.call()
    # And also once it is closed again
    probe.succeeded()
    for call in early[3:]:
        call.failed()
    assert breaker.state is State.CLOSED


def test_a_probe_of_an_earlier_try_changes_nothing(breaker: Breaker, clock: Clock) -> None:
    # Given two probes, of which one failed, and a later try
    slow = half_open(breaker, clock)
    breaker.call().failed()
    clock.seconds += 2.5
    breaker.call()
    # When the slow one ends well
    slow.succeeded()
    # Then that is no news
    assert breaker.state is State.HALF_OPEN


@pytest.mark.parametrize("error", [ValueError("refused"), NotFound("nothing there"), TimeoutError()])
def test_any_other_error_is_an_answer(breaker: Breaker, error: Exception) -> None:
    for _ in range(3):
        fail(breaker, 2)
        with pytest.raises(type(error)):
            meet(breaker, error)

    assert breaker.state is State.CLOSED


@pytest.mark.parametrize(
    "error", [Unavailable("another part"), NotAsked("part"), asyncio.CancelledError(), GeneratorExit()]
)
def test_what_the_part_did_not_say_counts_for_nothing(breaker: Breaker, error: BaseException) -> None:
    # Given failures that are one short
    fail(breaker, 2)
    # When calls end without the part having been heard
    for _ in range(3):
        with pytest.raises(type(error)):
            meet(breaker, error)
    assert breaker.state is State.CLOSED
    # Then they are neither failures nor successes
    fail(breaker)
    assert breaker.state is State.OPEN


def test_a_probe_that_needs_a_second_place_does_not_fail_for_it(breaker: Breaker, clock: Clock) -> None:
    # Given a try with one place left
    probe = half_open(breaker, clock)
    # When the call in it calls again inside, and is refused
    with pytest.raises(NotAsked), breaker.call(), breaker.call():
        pass
    # Then the part has failed nobody
    assert breaker.state is State.HALF_OPEN
    probe.succeeded()
    assert breaker.state is State.CLOSED


async def test_of_many_at_once_only_the_probes_pass(breaker: Breaker, clock: Clock) -> None:
    # Given a part that is back, and answers when it is let
    opened(breaker)
    clock.seconds += 2.5
    answers, asked = asyncio.Event(), 0

    async def ask() -> None:
        nonlocal asked
        with breaker.call():
            asked += 1
            await answers.wait()

    # When a hundred ask at once
    tasks = [asyncio.create_task(ask()) for _ in range(100)]
    await asyncio.sleep(0)
    assert asked == LIMITS.probes
    # And one of those that passed is cancelled, a hundred others come, and the part answers
    tasks[0].cancel()
    await asyncio.wait(tasks[:1])
    tasks += [asyncio.create_task(ask()) for _ in range(100)]
    await asyncio.sleep(0)
    answers.set()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    # Then one more has asked in its place, and all others were refused
    assert asked == LIMITS.probes + 1
    assert sum(isinstance(end, NotAsked) for end in ended) == 200 - asked
    assert breaker.state is State.CLOSED


def test_an_outage_is_told_once_and_shown_all_the_time(breaker: Breaker, clock: Clock) -> None:
    shown = functools.partial(REGISTRY.get_sample_value, "riskengine_breaker_state", {"part": "part"})
    refused = functools.partial(REGISTRY.get_sample_value, "riskengine_breaker_refused_total", {"part": "part"})
    before = refused() or 0
    levels = [shown()]
    # Given two outages, the first of which is tried three times
    with capture_logs() as logs:
        for tries in (3, 1):
            opened(breaker)
            levels.append(shown())
            for last in (*[False] * (tries - 1), True):
                with pytest.raises(NotAsked):
                    breaker.call()
                clock.seconds += 2.5
                probe = breaker.call()
                levels.append(shown())
                (probe.succeeded if last else probe.failed)()
            levels.append(shown())
    # Then the log has each change once, and the metrics have all
    one = [("breaker_opened", "warning"), ("breaker_half_open", "info"), ("breaker_closed", "info")]
    assert [(line["event"], line["log_level"]) for line in logs] == one * 2
    assert {line["part"] for line in logs} == {"part"}
    assert levels == [0, 2, 1, 1, 1, 0, 2, 1, 0]
    assert (refused() or 0) - before == 4


def test_the_settings_begin_with_the_same_figures() -> None:
    settings = Settings(database_url="postgresql://host/x", redis_url="redis://host")

    assert Limits(settings.breaker_failures, settings.breaker_open_ms, settings.breaker_probes) == Limits()


class Reference:
    """What a breaker is to do, told another way: all that happened since the last change of state is looked through."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._period = 0
        self._ends: list[bool] = []
        self._under_way: set[int] = set()
        self._opened = 0
        self.state = State.CLOSED

    def begin(self, number: int, now: int) -> int | None:
        """The period in which the call begins, None if it is refused."""
        if self.state is State.OPEN and now - self._opened >= self._limits.open_ms:
            self._change(State.HALF_OPEN)
        if self.state is State.OPEN:
            return None
        if self.state is State.HALF_OPEN and len(self._under_way) == self._limits.probes:
            return None
        self._under_way.add(number)
        return self._period

    def end(self, number: int, period: int, answered: bool | None, now: int) -> None:
        if period != self._period:
            return
        self._under_way.remove(number)
        if answered is None:
            return
        self._ends.append(answered)
        last = self._ends[-self._limits.failures :]
        if self.state is State.HALF_OPEN and answered:
            self._change(State.CLOSED)
        elif self.state is State.HALF_OPEN or (len(last) == self._limits.failures and not any(last)):
            self._opened = now
            self._change(State.OPEN)

    def _change(self, state: State) -> None:
        self.state = state
        self._period += 1
        self._ends = []
        self._under_way = set()


TICKS = 1024
"""Ticks of the test's clock in a second: floats hold any number of them exactly."""

OPEN_TICKS = 128
"""Ticks for which a breaker is open: 125 ms."""

steps = st.lists(
    st.one_of(
        st.just(("begin", 0, None)),
        st.tuples(st.just("end"), st.integers(0, 9), st.sampled_from([True, False, False, False, None])),
        st.tuples(st.just("wait"), st.sampled_from([1, 30, OPEN_TICKS - 1, OPEN_TICKS]), st.none()),
    ),
    max_size=120,
)


@given(steps, st.builds(Limits, st.integers(1, 4), st.just(OPEN_TICKS * 1000 // TICKS), st.integers(1, 3)))
def test_it_does_what_the_reference_does(steps: list[tuple[str, int, Any]], limits: Limits) -> None:
    # Given a breaker and its reference, on one clock
    now = 0
    breaker = Breaker("part", limits, lambda: now / TICKS)
    reference = Reference(msgspec.structs.replace(limits, open_ms=OPEN_TICKS))
    numbers: Iterator[int] = iter(range(len(steps)))
    calls: list[tuple[int, int, Call]] = []
    # When calls begin and end in any order, and time goes by
    for step, value, answered in steps:
        if step == "wait":
            now += value
        elif step == "begin":
            number = next(numbers)
            period = reference.begin(number, now)
            try:
                call = breaker.call()
            except NotAsked:
                assert period is None
            else:
                assert period is not None
                calls.append((number, period, call))
        elif calls:
            number, period, call = calls.pop(value % len(calls))
            reference.end(number, period, answered, now)
            {True: call.succeeded, False: call.failed, None: call.abandoned}[answered]()
        # Then both are in the same state after each step
        assert breaker.state is reference.state
