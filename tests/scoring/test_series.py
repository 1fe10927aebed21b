"""Series against brute force: any order of arrival, late ones, equal times, amounts without a rate."""

import math
import struct

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskengine.domain.clock import DAY, HOUR, MINUTE, SECOND
from riskengine.domain.errors import ConfigurationError
from riskengine.domain.outcome import Outcome
from riskengine.domain.transaction import Transaction
from riskengine.scoring import Memory, series
from riskengine.scoring.commons import Commons
from riskengine.scoring.features.catalogue import Feature
from riskengine.scoring.features.compiler import Vector
from riskengine.scoring.series import Cell, Cells, Series
from riskengine.scoring.shared import COLD
from tests.factories import transaction
from tests.scoring.crowded import FEATURES, by_cells, engine, exact, feature
from tests.scoring.stories import ENGINE, NOON

CROWDED = engine()
SUMMED = [one for one in FEATURES if one.aggregate != "accounts"]

_OFTEN = st.sampled_from((0, 1, SECOND, 14 * SECOND, 61 * SECOND, 7 * MINUTE, HOUR - 1, HOUR, 9 * HOUR, DAY))


@st.composite
def crowds(draw: st.DrawFn) -> list[Transaction]:
    """Payments of several accounts that meet on what they use; up to half a minute late, or an hour."""
    made, now = [], NOON
    for _ in range(draw(st.integers(2, 25))):
        now += draw(_OFTEN)
        made.append(
            transaction(
                draw(st.sampled_from(("alice", "bob", "carol"))),
                draw(st.sampled_from(("10.00", "39.99", "40.00", "75.50", "300.00"))),
                currency=draw(st.sampled_from(("EUR", "EUR", "XXX"))),
                occurred_at=now - draw(st.sampled_from((0, 0, 0, 29 * SECOND, HOUR))),
                merchant=draw(st.sampled_from((None, "baker", "smith"))),
                device_id=draw(st.sampled_from((None, "phone"))),
                ip=draw(st.sampled_from((None, "10.0.0.1"))),
                beneficiary=draw(st.sampled_from((None, "b"))),
                channel=draw(st.sampled_from(("online", "pos"))),
            )
        )
    return made


def values_of(values: Vector) -> dict[str, float]:
    return dict(zip(CROWDED.catalogue.names, values, strict=True))


@settings(max_examples=60, deadline=None)
@given(crowds())
def test_features_over_what_accounts_share_are_those_of_brute_force(made: list[Transaction]) -> None:
    verdicts = CROWDED.score(made, Memory())

    flagged = {verdict.transaction_id for verdict in verdicts if verdict.outcome is not Outcome.APPROVE}
    for place, verdict in enumerate(verdicts):
        found = values_of(verdict.features)
        for one in SUMMED:
            # What is too late for a series is not in it: here that is more than its span before the newest.
            expected = by_cells(one, made[place], _kept(one, made[:place]), flagged)
            same = math.isnan(found[one.name]) if expected is None else found[one.name] == _rounded(expected)
            assert same, f"{one.name} of {place}: {found[one.name]}, not {expected}"


def _kept(one: Feature, earlier: list[Transaction]) -> list[Transaction]:
    """What is left in a series after all that arrived."""
    ours, left = series.of(one), list[Transaction]()
    newest: dict[str | None, int] = {}
    for made in earlier:
        value = getattr(made, series.FIELDS[one.entity])
        if exact(one, made, [made], 0, 0):
            newest[value] = max(newest.get(value, -(2**62)), made.occurred_at // ours.grain)
    for made in earlier:
        value = getattr(made, series.FIELDS[one.entity])
        if made.occurred_at // ours.grain >= newest.get(value, 0) - ours.keeps:
            left.append(made)
    return left


def _rounded(value: float) -> float:
    """To the 32 bits in which features are stored."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


@settings(max_examples=60, deadline=None)
@given(crowds())
def test_counts_and_sums_lie_between_the_window_and_the_window_wider_by_one_cell(made: list[Transaction]) -> None:
    verdicts = CROWDED.score(made, Memory())

    for place, verdict in enumerate(verdicts):
        for one in SUMMED:
            grain = series.of(one).grain
            if one.aggregate != "count" or math.isnan(values_of(verdict.features)[one.name]):
                continue
            least = len(exact(one, made[place], _kept(one, made[:place]), 0, 0))
            most = len(exact(one, made[place], made[:place], grain - 1, grain - 1))
            assert least <= values_of(verdict.features)[one.name] <= most, one.name


def test_a_window_that_ends_with_a_cell_is_exact_to_the_millisecond() -> None:
    # Given a window of an hour, in cells of two minutes, up to the last ms of a cell
    start = NOON // HOUR * HOUR
    for first, expected in ((start - 1, 1.0), (start, 2.0)):
        made = [
            transaction("a", occurred_at=at, merchant="baker") for at in (first, start + HOUR - 2, start + HOUR - 1)
        ]
        # Then what happened an hour before that is outside, and a ms later within
        assert values_of(CROWDED.score(made, Memory())[-1].features)["merchant_count"] == expected


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(-5, 5)), max_size=30).flatmap(
        lambda made: st.tuples(st.just(made), st.permutations(made))
    )
)
def test_cells_are_the_same_whatever_the_order(orders: tuple[list[tuple[int, int]], list[tuple[int, int]]]) -> None:
    left = []
    for order in orders:
        cells = Cells()
        for number, amount in order:
            cells.add(number, Cell(1, 0, amount, 0), keeps=40)
        left.append(cells)

    assert left[0] == left[1]


@pytest.mark.parametrize("order", [(2, 3, 4, 6), (6, 4, 3, 2)])
def test_as_many_cells_as_are_kept_stay_behind_the_newest(order: tuple[int, ...]) -> None:
    cells = Cells()
    for number in order:
        cells.add(number, Cell(1, 0, 5, 0), keeps=3)

    assert cells == Cells(6, {3: Cell(1, 0, 5, 0), 4: Cell(1, 0, 5, 0), 6: Cell(1, 0, 5, 0)})


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90 * 86_400))
def test_every_window_has_cells_enough_and_never_many(seconds: int) -> None:
    one = series.of(feature("x", "count", "ip", f"{seconds}s"[:7]) if seconds < 10**6 else _weeks(seconds))
    window = min(seconds, 90 * 86_400) * SECOND

    assert one.grain * series.FINENESS <= window <= one.span or seconds >= 10**6
    assert 1 <= len(series.cells(NOON, one.grain, window)) <= 70
    assert one.keeps <= 130


def _weeks(seconds: int) -> Feature:
    return feature("x", "count", "ip", f"{min(seconds // 86_400, 90)}d")


def test_features_with_the_same_cells_share_them() -> None:
    # Given windows of 24 and 30 hours, a filter written with spaces around it, and another entity
    filtered = [
        feature(f"f{n}", "count", "merchant", "24h", filter=text)
        for n, text in enumerate(("amount_base < 5 ", "amount_base < 5"))
    ]
    features = [
        feature("a", "count", "merchant", "24h"),
        feature("b", "sum", "merchant", "30h", of="amount"),
        *filtered,
        feature("c", "count", "ip", "24h"),
    ]

    commons = Commons(features)

    assert [name.split("/")[:3] for name in commons.series] == [
        ["merchant", "1h", "2d"],
        ["merchant", "1h", "2d"],
        ["ip", "1h", "2d"],
    ]
    assert len(commons.series) == 3
    assert commons.names == {"peers", *commons.series}
    assert not any(" " in name for name in commons.series)


def test_the_default_catalogue_has_three_sets_and_no_series() -> None:
    assert ENGINE.commons.names == {"peers", "device", "ip", "beneficiary"}
    assert ENGINE.commons.series == {}
    memory = Memory()
    ENGINE.score([transaction(merchant="baker", device_id="d", occurred_at=NOON)], memory)
    assert (list(memory.shared), memory.series) == (["device:d"], {})


def test_what_is_cold_is_missing_and_stays_so() -> None:
    # Given a memory in which a merchant's cells and set are cold, but not the device's
    keys = [one.key("baker") for one in CROWDED.commons.series.values() if one.entity == "merchant"]
    memory = Memory(series={key: Cells(cold=True) for key in keys}, shared={"merchant:baker": COLD})

    made = [transaction(merchant="baker", device_id="d", occurred_at=NOON + n) for n in range(3)]
    found = values_of(CROWDED.score(made, memory)[-1].features)

    missing = {name for name in found if name.startswith("merchant_")}
    assert len(missing) == 6
    assert all(math.isnan(found[name]) for name in missing)
    assert found["device_count"] == 2.0
    assert (len(COLD), {key: memory.series[key].cells for key in keys}) == (0, {key: {} for key in keys})


def test_steps_are_noted_by_account_and_only_if_asked_for() -> None:
    memory, silent = Memory(steps={}), Memory()
    made = [transaction(name, "80.00", merchant="baker", occurred_at=NOON) for name in ("alice", "bob", "alice")]
    for one in (memory, silent):
        CROWDED.score(made, one)

    assert silent.steps is None
    assert memory.steps is not None
    assert {name: len(steps) for name, steps in memory.steps.items()} == {"alice": 4, "bob": 2}
    assert {step.cell for step in memory.steps["bob"]} == {Cell(1, 0, 8000, 1)}


class _Same:
    """A model that has nothing to say."""

    version = 1

    def score(self, rows: list[Vector]) -> list[float]:
        return [0.0] * len(rows)


@settings(max_examples=25, deadline=None)
@given(crowds(), st.sampled_from([1, 3]))
def test_with_a_model_batches_change_nothing(made: list[Transaction], size: int) -> None:
    modelled = engine(model=_Same())

    at_once, in_batches, memory = modelled.score(made, Memory()), [], Memory()
    for start in range(0, len(made), size):
        in_batches += modelled.score(made[start : start + size], memory)

    assert msgspec.msgpack.encode(in_batches) == msgspec.msgpack.encode(at_once)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"aggregate": "mean", "of": "log_amount"}, "mean cannot be of 'log_amount'"),
        ({"aggregate": "std", "of": "amount"}, "there are .*accounts, count, sum, mean, flagged"),
        ({"aggregate": "count", "per": "device"}, "leave it out"),
        ({"aggregate": "count", "filter": "amount_base <"}, "the filter is wrong"),
        ({"aggregate": "accounts", "filter": "amount_base < 5"}, "leave out"),
        ({"aggregate": "count", "entity": "peers"}, "of peers there are"),
    ],
)
def test_what_cannot_be_computed_is_refused(wrong: dict[str, str], said: str) -> None:
    plain = {"aggregate": "count", "entity": "merchant", "window": "24h"} | wrong

    with pytest.raises(ConfigurationError, match=said):
        engine([feature("wrong", plain.pop("aggregate"), plain.pop("entity"), plain.pop("window"), **plain)])


def test_a_name_says_what_a_series_is() -> None:
    names = [Series("merchant", 2 * MINUTE, 2 * HOUR, "").name, Series("ip", 20, 1200, "").name]

    assert names == ["merchant/2m/2h", "ip/20ms/1200ms"]
    assert Series("ip", HOUR, DAY, "a").name != Series("ip", HOUR, DAY, "b").name
