"""Histories as values: their bytes, their order, what they forget, and that the path to them does not matter."""

import math
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskengine.domain.account import Account
from riskengine.domain.clock import DAY, HOUR, MINUTE
from riskengine.domain.transaction import Transaction
from riskengine.scoring import History, Memory, event, records
from riskengine.scoring.event import Past
from riskengine.scoring.history import UnreadableHistoryError
from tests.factories import transaction
from tests.scoring.stories import ALICE, ENGINE, HORIZON, NOON, arrivals, past


@settings(max_examples=60, deadline=None)
@given(arrivals(), st.integers(0, 2**63 - 1))
def test_bytes_give_the_history_back(transactions: list[Transaction], sequence: int) -> None:
    history = ENGINE.remember(ALICE, past(transactions), sequence)

    assert History.from_bytes(history.to_bytes()) == history


def test_bytes_of_a_newer_history_compare_greater() -> None:
    histories = [History.empty(ALICE, HORIZON).with_account(ALICE, sequence) for sequence in (0, 1, 255, 256, 2**40)]

    beginnings = [history.to_bytes()[:10] for history in histories]

    assert beginnings == sorted(beginnings)
    assert [int.from_bytes(b[:8], "big") for b in beginnings] == [0, 1, 255, 256, 2**40]


def test_bytes_of_a_history_that_reaches_further_back_compare_greater() -> None:
    histories = [History.empty(ALICE, horizon).with_account(ALICE, 7) for horizon in (2, 31, 91, 300)]

    beginnings = [history.to_bytes()[:10] for history in histories]

    assert beginnings == sorted(set(beginnings))


@settings(max_examples=60, deadline=None)
@given(arrivals())
def test_a_history_rebuilt_in_the_order_of_decisions_is_the_same(transactions: list[Transaction]) -> None:
    # Given a history that grew transaction by transaction, through bytes each time
    live = History.empty(ALICE, HORIZON)
    for each in transactions:
        live = History.from_bytes(live.append(event.of(each, ENGINE.rates), False).to_bytes())

    assert ENGINE.remember(ALICE, past(transactions), len(transactions)) == live


@settings(max_examples=60, deadline=None)
@given(arrivals(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(transactions: list[Transaction], random: Random) -> None:
    # Given transactions at different times, within what a history keeps
    newest = max(t.occurred_at for t in transactions)
    distinct = list({t.occurred_at: t for t in transactions if t.occurred_at > newest - 31 * DAY}.values())
    shuffled = random.sample(distinct, len(distinct))

    # When they come in another order
    probe = transaction("alice", occurred_at=newest + 1, merchant="a", location="a", latitude=1.0, longitude=1.0)
    vectors = [vector_after(order, probe) for order in (sorted(distinct, key=lambda t: t.occurred_at), shuffled)]

    # Then what a later one sees is the same, bit for bit
    assert vectors[0] == vectors[1]


def test_events_stand_in_the_order_of_time_then_of_arrival() -> None:
    times = [5, 1, 5, 3, 1]
    made = [event.of(transaction(amount=str(i + 1), occurred_at=NOON + t), ENGINE.rates) for i, t in enumerate(times)]

    history = History.of(ALICE, map(Past, made), 5, HORIZON)

    amounts = memoryview(history.records).cast("q")[1::14].tolist()[1:]
    assert amounts == [200, 500, 400, 100, 300]


def test_what_is_beyond_the_horizon_is_forgotten() -> None:
    # Given an event, and others until it is just within the horizon, and just beyond
    first = event.of(transaction(occurred_at=NOON), ENGINE.rates)
    within = History.of(
        ALICE, map(Past, [first, msgspec.structs.replace(first, time=NOON + HORIZON * DAY - 1)]), 2, HORIZON
    )
    beyond = History.of(
        ALICE, map(Past, [first, msgspec.structs.replace(first, time=NOON + HORIZON * DAY)]), 2, HORIZON
    )

    # Then it is kept, and forgotten
    assert kept(within) == [NOON, NOON + HORIZON * DAY - 1]
    assert kept(beyond) == [NOON + HORIZON * DAY]
    # And it is not taken in when it comes too late, but counted
    late = beyond.append(first, False)
    assert kept(late) == [NOON + HORIZON * DAY]
    assert late.sequence == 3


def test_attributes_change_without_touching_the_past() -> None:
    history = ENGINE.remember(ALICE, past([transaction(occurred_at=NOON)]), 1)

    moved = history.with_account(Account("alice", home_country="FR"), 2)

    assert (moved.account.home_country, moved.sequence, moved.records) == ("FR", 2, history.records)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda b: b"",
        lambda b: b[:12],
        lambda b: b[:-1],
        lambda b: b[:10] + b"\0\2" + b[10:],
        lambda b: b[:16] + b"\xc1" * 200,
    ],
)
def test_bytes_that_are_no_history_are_refused(spoil: object) -> None:
    value = ENGINE.remember(ALICE, past([transaction(occurred_at=NOON)]), 1).to_bytes()

    with pytest.raises(UnreadableHistoryError, match="rebuild"):
        History.from_bytes(spoil(value))  # type: ignore[operator]


def test_sums_are_exact_where_floats_are_not() -> None:
    # Given a past of the largest amounts, followed a month later by cents
    huge = [transaction(amount="9999999999999.99", occurred_at=NOON + i) for i in range(50)]
    cents = [transaction(amount="0.01", occurred_at=NOON + 31 * DAY + i * MINUTE) for i in range(6)]
    probe = transaction(amount="0.02", occurred_at=NOON + 31 * DAY + HOUR)

    features = dict(zip(ENGINE.catalogue.names, vector_after([*huge, *cents], probe), strict=True))

    # Then nothing of the past is left in the sums
    assert (features["mean_30d"], features["std_30d"]) == (pytest.approx(0.01), 0.0)


def vector_after(arrived: list[Transaction], probe: Transaction) -> list[float | None]:
    """What the probe's features are; None where missing, so that lists compare."""
    memory = Memory(histories={"alice": ENGINE.remember(ALICE, past(arrived), len(arrived))})
    vector = ENGINE.score([probe], memory)[0].features
    return [None if math.isnan(value) else value for value in vector]


def kept(history: History) -> list[int]:
    times: list[int] = records.times(history.records).tolist()
    return times[1:]
