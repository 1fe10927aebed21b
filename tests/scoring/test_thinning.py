"""Very busy accounts: their histories stay bounded, and windows keep their stated bound."""

from bisect import bisect_right
from random import Random

import pytest

from riskengine.domain.clock import DAY, HOUR, MINUTE, SECOND
from riskengine.scoring import History, event, records
from riskengine.scoring.event import Past
from riskengine.scoring.thinning import EXACT, FINENESS, LEAST_AGE, MOST_RECORDS, thinned
from tests.factories import transaction
from tests.scoring.stories import ALICE, ENGINE, NOON, past

WINDOWS = (5 * MINUTE, 10 * MINUTE, HOUR, DAY, 7 * DAY, 30 * DAY)
TEMPLATE = event.of(transaction(amount="1.00"), ENGINE.rates)


def busy(times: list[int]) -> History:
    made = (event.Event(time, *list(vars_of(TEMPLATE))) for time in times)
    return History.of(ALICE, map(Past, made), len(times), 31)


def vars_of(template: event.Event) -> list[int]:
    return [getattr(template, field) for field in template.__struct_fields__[1:]]


def lives() -> dict[str, list[int]]:
    random = Random(7)
    return {
        "steady, every 10 min": [NOON + i * 10 * MINUTE for i in range(6000)],
        "steady, every second": [NOON + i * SECOND for i in range(6000)],
        "all at once": [NOON] * 3000,
        "in bursts": sorted(NOON + random.randrange(60) * DAY // 2 + random.randrange(200) for _ in range(6000)),
        "faster and faster": [NOON + 30 * DAY - int(30 * DAY * 0.995**i) for i in range(4500)],
        "by chance": sorted(NOON + random.randrange(40 * DAY) for _ in range(6000)),
    }


@pytest.mark.parametrize("name", lives())
def test_a_window_of_a_thinned_history_is_at_most_a_thirty_second_too_long(name: str) -> None:
    # Given thousands of events, and a transaction right after them
    times = lives()[name]
    now = times[-1]
    history = busy(times)
    kept = records.times(history.records)

    # Then the history is bounded, and the newest events are all there
    assert len(history.records) <= MOST_RECORDS * records.WIDTH
    assert kept[-EXACT:].tolist() == times[-EXACT:]
    for window in WINDOWS:
        # And each count is at least the exact one, at most that of the window longer by the bound
        counted = count(history, now - window)
        exact = len(times) - bisect_right(times, now - window)
        widest = len(times) - bisect_right(times, now - window - max(window, LEAST_AGE) // FINENESS - 1)
        assert exact <= counted <= widest, f"window of {window} ms"


def test_up_to_the_bound_every_window_is_exact() -> None:
    times = [NOON + i * HOUR // 2 for i in range(MOST_RECORDS - 1)]
    history = busy(times)

    assert len(history.records) == MOST_RECORDS * records.WIDTH
    for window in WINDOWS:
        assert count(history, times[-1] - window) == len(times) - bisect_right(times, times[-1] - window)


def test_the_worst_spacing_stays_below_the_bound_after_thinning() -> None:
    """Pairs of events, each just too far from the next pair to be dropped: what the bound of `thinned` is made from."""
    age, times = float(LEAST_AGE), [NOON]
    while age < 31 * DAY:
        times.append(NOON - int(age))
        age += age / FINENESS / 2 + 1
    packed = busy(sorted(times)[-MOST_RECORDS + 1 :]).records

    assert len(thinned(packed)) < 720 * records.WIDTH


def test_late_events_do_not_break_a_thinned_history() -> None:
    # Given a thinned history with a location, and late events among what was dropped
    times = [NOON + i * MINUTE for i in range(3000)]
    located = [transaction(occurred_at=t, location="a") for t in times]
    late = [transaction(occurred_at=times[-1] - i * 7 * MINUTE + 30_000, location="b") for i in range(1, 150)]
    history = ENGINE.remember(ALICE, past([*located, *late]), len(times) + len(late))

    # Then each made two changes at most, and nearly all one: where what lay between two is gone, they are one stay
    newest = records.sums(history.records, len(history.records) // records.WIDTH - 1)
    assert newest.events == len(times) + len(late)
    assert 0.8 * len(late) <= newest.moves <= 2 * len(late)


def count(history: History, since: int) -> int:
    start = bisect_right(records.times(history.records), since, 1)
    newest = records.sums(history.records, len(history.records) // records.WIDTH - 1)
    return newest.events - records.sums(history.records, start - 1).events
