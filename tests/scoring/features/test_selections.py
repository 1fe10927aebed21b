"""Features over a part of an account's events, against plain lists: pairs, filters, and both."""

import math
import struct
from collections.abc import Callable, Sequence
from statistics import fmean, stdev

import msgspec
import pytest
from hypothesis import given, settings

from riskengine.domain.clock import DAY, HOUR
from riskengine.domain.errors import ConfigurationError
from riskengine.domain.transaction import Transaction
from riskengine.scoring import Engine, History, Memory
from riskengine.scoring.features.catalogue import Catalogue, Feature
from riskengine.scoring.features.code import MOST_LISTED
from tests.scoring.stories import ALICE, ENGINE, HORIZON, Story, arrivals

Test = Callable[[Transaction], bool]

FILTERS: dict[str, Test] = {
    "amount_base < 100": lambda t: base(t) is not None and base(t) < 100,
    "not (amount_base < 100)": lambda t: base(t) is None or base(t) >= 100,
    "amount_base != 40 and amount_base / 2 - 1 < 5000": lambda t: (
        base(t) is not None and base(t) != 40 and base(t) < 10002
    ),
    'channel == "online" or channel != "atm"': lambda t: t.channel is not None and t.channel != "atm",
    'country in ("DE", "BE")': lambda t: t.country in ("DE", "BE"),
    'merchant not in ("a", "b")': lambda t: t.merchant is not None and t.merchant not in ("a", "b"),
    'location == "a" and device_id != "a"': lambda t: t.location == "a" and t.device_id not in (None, "a"),
}
PAIRS = {
    "merchant": "merchant",
    "location": "location",
    "device": "device_id",
    "country": "country",
    "channel": "channel",
}


def base(transaction: Transaction) -> float | None:
    minor = ENGINE.rates.to_minor(transaction.amount, transaction.currency)
    return None if minor < 0 else minor / 100


def feature(name: str, aggregate: str, **fields: str) -> Feature:
    return Feature(name=name, aggregate=aggregate, unit=fields.pop("unit", "-"), description=name, **fields)


def selected() -> list[Feature]:
    """Each aggregate with each filter and pair, in windows of a day and of 60."""
    made = []
    wanted = [*(("filter", text) for text in FILTERS), *(("per", pair) for pair in PAIRS)]
    for number, (kind, value) in enumerate(wanted):
        window = ("1d", "60d")[number % 2]
        for aggregate in ("count", "sum", "mean", "std", "zscore", "ratio", "smallest", "largest", "first", "last"):
            fields = {kind: value, "window": window, "of": "amount"}
            made.append(feature(f"{aggregate}_{number}", aggregate, **fields))
        made.append(feature(f"distinct_{number}", "distinct", of="merchant", window=window, **{kind: value}))
        made.append(feature(f"since_{number}", "since", of="any", window=window, unit="s", **{kind: value}))
        made.append(feature(f"sequence_{number}", "sequence", window=window, **{kind: value}))
    both = {"filter": "amount_base < 100", "per": "merchant", "window": "60d"}
    return [
        *made,
        feature("both", "count", **both),
        feature("seconds", "count", window="30s", filter="amount_base < 100"),
    ]


WANTED = selected()
CATALOGUE = Catalogue(version=2, features=(*ENGINE.catalogue.features, *WANTED))
SELECTING = Engine(CATALOGUE, ENGINE.ruleset, ENGINE.rates, ENGINE.lists)


@settings(max_examples=60, deadline=None)
@given(arrivals())
def test_a_part_of_the_events_is_what_brute_force_picks(transactions: list[Transaction]) -> None:
    # Given a catalogue that looks back further than the shipped one
    assert CATALOGUE.horizon == 61 > HORIZON
    memory = Memory(histories={"alice": History.empty(ALICE, CATALOGUE.horizon)})

    verdicts = SELECTING.score(transactions, memory)

    for place, verdict in enumerate(verdicts):
        found = dict(zip(CATALOGUE.names, verdict.features, strict=True))
        for one in WANTED:
            expected = picked(one, transactions[place], transactions[:place])
            assert same(found[one.name], expected), (one, found[one.name], expected)


def picked(one: Feature, now: Transaction, earlier: Sequence[Transaction]) -> float:
    """What the feature must be; NaN where it is missing."""
    window = [t for t in earlier if now.occurred_at - one.window_ms < t.occurred_at <= now.occurred_at]
    window.sort(key=lambda t: t.occurred_at)
    tests = [FILTERS[one.filter]] if one.filter else []
    if one.per:
        field = PAIRS[one.per]
        if getattr(now, field) is None:
            return math.nan
        tests.append(lambda t: getattr(t, field) == getattr(now, field))
    chosen = [all(test(t) for test in tests) for t in window]
    events = [t for t, is_chosen in zip(window, chosen, strict=True) if is_chosen]
    if one.aggregate == "sequence":
        return next((n for n, is_chosen in enumerate(reversed(chosen)) if not is_chosen), len(chosen))
    return AGGREGATES[one.aggregate](now, events, [amount for t in events if (amount := base(t)) is not None])


def zscore(now: Transaction, amounts: Sequence[float]) -> float:
    own = base(now)
    if own is None or len(amounts) < 2:
        return math.nan
    return (own - fmean(amounts)) / (stdev(amounts) or 0.01 * fmean(amounts) or 0.01)


def ratio(now: Transaction, amounts: Sequence[float]) -> float:
    own = base(now)
    return math.nan if own is None or not sum(amounts) else own / fmean(amounts)


AGGREGATES: dict[str, Callable[[Transaction, Sequence[Transaction], Sequence[float]], float]] = {
    "count": lambda now, events, amounts: len(events),
    "sum": lambda now, events, amounts: math.fsum(amounts),
    "mean": lambda now, events, amounts: fmean(amounts) if amounts else math.nan,
    "std": lambda now, events, amounts: stdev(amounts) if len(amounts) > 1 else math.nan,
    "zscore": lambda now, events, amounts: zscore(now, amounts),
    "ratio": lambda now, events, amounts: ratio(now, amounts),
    "smallest": lambda now, events, amounts: min(amounts, default=math.nan),
    "largest": lambda now, events, amounts: max(amounts, default=math.nan),
    "first": lambda now, events, amounts: amounts[0] if amounts else math.nan,
    "last": lambda now, events, amounts: amounts[-1] if amounts else math.nan,
    "distinct": lambda now, events, amounts: len({t.merchant for t in events} - {None}),
    "since": lambda now, events, amounts: (now.occurred_at - events[-1].occurred_at) / 1000 if events else math.nan,
}


def same(found: float, expected: float) -> bool:
    rounded = struct.unpack("f", struct.pack("f", expected))[0]
    if math.isnan(rounded):
        return math.isnan(found)
    return math.isclose(found, rounded, rel_tol=1e-5, abs_tol=1e-2)


def test_an_event_at_the_edge_of_ninety_days_is_in_until_the_last_millisecond() -> None:
    # Given a window of 90 days and an event at its start
    wanted = feature("count_90d", "count", window="90d")
    catalogue = Catalogue(version=2, features=(*ENGINE.catalogue.features, wanted))
    engine = Engine(catalogue, ENGINE.ruleset, ENGINE.rates, ENGINE.lists)
    counts = []
    for after in (90 * DAY - 1, 90 * DAY):
        story = Story(engine=engine)
        story.pays("10.00")
        counts.append(story.pays("10.00", after=after).features[-1])

    assert counts == [1.0, 0.0]


def test_first_seen_and_last_amount_of_all_events() -> None:
    # Given plain features of the kinds that the shipped catalogue does not have
    more = (
        feature("first", "first", of="amount", window="24h"),
        feature("last", "last", of="amount", window="24h"),
        feature("seen", "seen", of="merchant", window="24h"),
    )
    engine = Engine(
        Catalogue(version=2, features=(*ENGINE.catalogue.features, *more)), ENGINE.ruleset, ENGINE.rates, ENGINE.lists
    )
    story = Story(engine=engine)
    story.pays("10.00", merchant="a")
    story.pays("20.00", merchant="b", after=HOUR)

    assert story.pays("30.00", merchant="a", after=HOUR).features[-3:] == (10.0, 20.0, 1.0)
    assert story.pays("30.00", merchant="z", after=30 * HOUR).features[-1] == 0.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"filter": "amount_bas < 100"}, "did you mean"),
        ({"filter": "amount_base"}, "the filter is wrong"),
        ({"filter": "merchant == location"}, "compares a text of an event with one that is written out"),
        ({"filter": "abs(amount_base) < 3"}, "lists and functions are for rules"),
        ({"filter": 'channel == "carrier pigeon"'}, "channel is never 'carrier pigeon'"),
        ({"filter": "__import__('os')"}, "the filter is wrong"),
        ({"filter": "amount_base < 100", "aggregate": "changes"}, "no aggregate 'changes' over a part of the events"),
    ],
)
def test_a_wrong_filter_is_refused(fields: dict[str, str], message: str) -> None:
    wrong = msgspec.structs.replace(feature("wrong", "count", window="1h"), **fields)

    with pytest.raises(ConfigurationError, match="feature wrong: ") as refused:
        Engine(
            Catalogue(version=2, features=(*ENGINE.catalogue.features, wrong)),
            ENGINE.ruleset,
            ENGINE.rates,
            ENGINE.lists,
        )

    assert message in str(refused.value)


def test_a_busy_account_is_looked_at_in_its_newest_events_only() -> None:
    # Given more events within the window than are looked at, the first two with another merchant
    story = Story(engine=SELECTING)
    for number in range(MOST_LISTED + 2):
        story.pays("10.00", merchant="first" if number < 2 else f"shop {number}", after=1000)

    # When it comes back there
    found = dict(zip(CATALOGUE.names, story.pays("10.00", merchant="first", after=1000).features, strict=True))

    # Then what counts each event has seen the newest, what was seen before is still known, and sums are of all
    assert found["distinct_merchants_7d"] == MOST_LISTED
    assert found["same_merchant_24h"] == 0
    assert found["is_new_merchant_7d"] == 0
    assert found["sum_24h"] == 10 * (MOST_LISTED + 2)
