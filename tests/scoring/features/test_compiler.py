"""Every feature against an oracle over plain lists: late arrivals, equal times, gaps and repeated values included."""

import math
import struct

import msgspec
import pytest
from hypothesis import given, settings

from riskengine.domain.clock import DAY, HOUR
from riskengine.domain.errors import ConfigurationError
from riskengine.domain.outcome import Outcome
from riskengine.domain.transaction import Transaction
from riskengine.scoring import Engine, History, Memory
from riskengine.scoring.features import catalogue, compiler
from tests.scoring.oracle import Oracle
from tests.scoring.stories import ALICE, ENGINE, NOON, Story, arrivals

ROUNDED = {"std", "zscore", "distance", "speed"}
"""Features of which the oracle comes by other roundings."""

SHARED = {"accounts_device_24h_incl", "accounts_ip_24h_incl", "accounts_beneficiary_24h_incl"}
PEERS = {"peer_mean_log", "peer_std_log", "peer_zscore"}


@settings(max_examples=150, deadline=None)
@given(arrivals())
def test_features_are_those_of_a_brute_force_oracle(transactions: list[Transaction]) -> None:
    memory = Memory(histories={"alice": History.empty(ALICE, ENGINE.catalogue.horizon)})

    verdicts = ENGINE.score(transactions, memory)

    for place, verdict in enumerate(verdicts):
        flagged = {v.transaction_id for v in verdicts[:place] if v.outcome is not Outcome.APPROVE}
        expected = Oracle(transactions[place], transactions[:place], ALICE, ENGINE.rates, flagged).values()
        found = dict(zip(ENGINE.catalogue.names, verdict.features, strict=True))
        assert expected.keys() == found.keys() - SHARED - PEERS
        for name, value in expected.items():
            assert_same(name, found[name], value)


def assert_same(name: str, found: float, expected: float | None) -> None:
    if expected is None or math.isnan(expected):
        assert math.isnan(found), f"{name} is {found}, and should be missing"
    elif name.partition("_")[0] in ROUNDED:
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-2), name
    else:
        assert found == struct.unpack("f", struct.pack("f", expected))[0], name


def test_a_window_is_exact_to_the_millisecond() -> None:
    # Given one transaction
    story = Story()
    story.pays("10.00")

    # When others follow a window's length later, and a millisecond before
    just_within = Story(memory=Memory())
    just_within.pays("10.00")
    within = feature(just_within.pays("10.00", after=HOUR - 1).features, "count_1h")
    outside = feature(story.pays("10.00", after=HOUR).features, "count_1h")

    # Then a window (t - w, t] holds the first only in the second case
    assert (within, outside) == (1.0, 0.0)


def test_a_window_holds_equal_times_but_not_the_transaction_itself() -> None:
    story = Story()

    counts = [feature(story.pays("10.00").features, "count_5m") for _ in range(3)]

    assert counts == [0.0, 1.0, 2.0]


def test_no_feature_is_constant() -> None:
    """Over a varied life with neighbours, every feature takes at least two values."""
    # Given forty accounts of one type, some sharing a device, an address and a beneficiary
    memory = Memory()
    stories = [Story(msgspec.structs.replace(ALICE, account_id=f"a{n}"), memory=memory) for n in range(40)]
    seen: dict[str, set[float]] = {name: set() for name in ENGINE.catalogue.names}
    # When each pays now here, now there, at different times
    for turn in range(12):
        for number, story in enumerate(stories[: 40 if turn < 2 else 3]):
            verdict = story.pays(
                str(10 + 90 * (turn % 2) + number),
                after=(turn % 5) * 7 * HOUR + number * 60_000,
                merchant=f"m{turn % 3}",
                location=f"l{turn % 4}",
                device_id=f"d{turn % 3}",
                country=("BE", "FR")[turn % 2],
                channel=("pos", "online")[turn % 2],
                ip=f"10.0.0.{turn % 3}",
                beneficiary=f"b{turn % 3}",
                latitude=50.0 + turn * turn % 7,
                longitude=4.0,
            )
            for name, value in zip(ENGINE.catalogue.names, verdict.features, strict=True):
                if not math.isnan(value):
                    seen[name].add(value)

    # Then none is always the same
    assert [name for name, values in seen.items() if len(values) < 2] == []


def test_what_needs_a_rate_is_missing_without_one() -> None:
    story = Story().lives(8)

    verdict = story.pays("999999.00", currency="XXX")

    names = ("amount_base", "log_amount", "zscore_7d", "zscore_30d", "ratio_to_mean_30d", "peer_zscore")
    assert all(math.isnan(feature(verdict.features, name)) for name in names)
    assert feature(verdict.features, "count_30d") == 8.0
    assert not {"RULE_CRITICAL_AMOUNT", "RULE_SPIKE_ANOMALY"} & set(verdict.rules)


def test_hours_and_days_are_those_of_the_accounts_time_zone() -> None:
    # Given Monday, 11:00 UTC
    in_zones = {}
    for zone in (None, "Europe/Brussels", "America/New_York", "Pacific/Auckland", "Not/AZone"):
        story = Story(msgspec.structs.replace(ALICE, time_zone=zone))
        features = story.pays("10.00", after=2 * HOUR).features
        in_zones[zone] = (feature(features, "hour"), feature(features, "weekday"))

    assert in_zones == {
        None: (13.0, 0.0),
        "Europe/Brussels": (14.0, 0.0),
        "America/New_York": (8.0, 0.0),
        "Pacific/Auckland": (2.0, 1.0),
        "Not/AZone": (13.0, 0.0),
    }


def test_a_default_stands_for_what_is_missing() -> None:
    # Given a catalogue whose mean is 0 where there is none
    features = tuple(
        msgspec.structs.replace(f, default=0.0) if f.name == "mean_30d" else f for f in ENGINE.catalogue.features
    )
    engine = Engine(
        msgspec.structs.replace(ENGINE.catalogue, features=features), ENGINE.ruleset, ENGINE.rates, ENGINE.lists
    )

    first = Story(engine=engine).pays("10.00")

    assert feature(first.features, "mean_30d") == 0.0
    assert math.isnan(feature(first.features, "mean_7d"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"aggregate": "median"}, "no aggregate 'median'"),
        ({"of": "shoe_size", "aggregate": "distinct"}, "distinct cannot be of 'shoe_size'"),
        ({"window": "7 weeks"}, "must be like 30s, 5m, 24h or 30d"),
        ({"window": "91d"}, "up to 90d"),
    ],
)
def test_a_wrong_definition_is_refused_by_name(fields: dict[str, str], message: str) -> None:
    wrong = msgspec.structs.replace(ENGINE.catalogue.features[-20], **fields)

    with pytest.raises(ConfigurationError, match=f"feature {wrong.name}: .*{message}"):
        compiler.compile_features(catalogue.Catalogue(1, (wrong,)))


def test_a_catalogue_names_each_feature_once() -> None:
    twice = ENGINE.catalogue.features[:1] * 2

    with pytest.raises(ConfigurationError, match="more than one feature of the name amount_base"):
        catalogue.Catalogue(1, twice)


def test_a_catalogue_that_cannot_be_read_says_where() -> None:
    with pytest.raises(ConfigurationError, match=r"features\[0\]"):
        catalogue.load("version: 1\nfeatures: [{name: x}]")


def feature(vector: tuple[float, ...], name: str) -> float:
    return vector[ENGINE.catalogue.names.index(name)]


def test_the_clock_of_the_tests_is_what_it_says() -> None:
    assert feature(Story().pays("1.00").features, "hour") == 12.0
    assert NOON % DAY == 11 * HOUR
