"""The behaviour score: moderate for the unknown, low for the usual, high for the improbable."""

import math
from typing import Any

import msgspec
import pytest

from riskengine.domain.clock import DAY, HOUR, MINUTE
from riskengine.domain.errors import ConfigurationError
from riskengine.lab.simulator import Plan, Simulator
from riskengine.scoring import Memory, behaviour
from riskengine.scoring.behaviour import NEUTRAL, Contribution, Habit
from tests.scoring.stories import ENGINE, PLACE, Story

USUAL = {"merchant": "baker", "device_id": "phone", "channel": "pos", **PLACE}


def score(amount: str = "42.00", after: int = 0, **fields: object) -> float:
    """The behaviour score of a payment after 20 days of small ones at noon."""
    return Story().lives().pays(amount, after, **{**USUAL, **fields}).parts.behaviour


def test_an_account_without_a_past_is_neither_trusted_nor_accused() -> None:
    assert Story().pays("42.00", **USUAL).parts.behaviour == NEUTRAL
    assert Story().pays("100000.00").parts.behaviour == NEUTRAL


def test_trust_grows_with_a_usual_past() -> None:
    scores = [Story().lives(days).pays("42.00", **USUAL).parts.behaviour for days in (0, 2, 5, 10, 20)]

    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 15


@pytest.mark.parametrize(
    "unusual",
    [
        {"amount": "400.00"},
        {"after": 12 * HOUR},
        {"location": "Paris"},
        {"country": "FR"},
        {"device_id": "stolen"},
    ],
)
def test_whatever_is_unusual_raises_it(unusual: dict[str, object]) -> None:
    assert score(**unusual) > score() + 5  # type: ignore[arg-type]


def test_more_of_it_raises_it_more() -> None:
    amounts = [score(amount) for amount in ("42.00", "100.00", "400.00", "4000.00", "40000.00")]
    story = Story().lives()
    bursts = [story.pays("42.00", after=MINUTE, **USUAL).parts.behaviour for _ in range(8)]

    assert amounts == sorted(amounts)
    assert bursts[1:] == sorted(bursts[1:])
    assert amounts[-1] > 50
    assert score("4000.00", 12 * HOUR, location="Paris", country="FR", device_id="stolen") > 70


def test_a_weekday_that_is_not_its_own_raises_it() -> None:
    # Given an account that pays on Mondays only
    def after_mondays(days: int) -> float:
        story = Story()
        for _ in range(4):
            for _ in range(5):
                story.pays("42.00", after=MINUTE, **USUAL)
            story.now += 7 * DAY - 5 * MINUTE
        return story.pays("42.00", after=days * DAY, **USUAL).parts.behaviour

    assert after_mondays(3) > after_mondays(0) + 5


def test_it_can_be_computed_again_from_the_stored_features() -> None:
    verdict = Story().lives().pays("400.00", after=HOUR, **USUAL)

    again = behaviour.compile_behaviour(ENGINE.catalogue)(verdict.features)

    assert again == verdict.parts.behaviour


def test_it_is_between_0_and_100_whatever_is_missing() -> None:
    compiled = behaviour.compile_behaviour(ENGINE.catalogue)
    for filler in (math.nan, 0.0, 1e30):
        vector = [filler] * len(ENGINE.catalogue.names)
        vector[ENGINE.catalogue.names.index("count_30d")] = 7.0
        vector[ENGINE.catalogue.names.index("count_1h")] = 7.0

        assert 0 <= compiled(vector) <= 100


def test_a_catalogue_without_what_it_needs_is_refused() -> None:
    less = tuple(f for f in ENGINE.catalogue.features if f.name != "hour_share_30d")

    with pytest.raises(ConfigurationError, match="needs the feature hour_share_30d"):
        behaviour.compile_behaviour(msgspec.structs.replace(ENGINE.catalogue, features=less))


def test_it_is_what_the_textbooks_say() -> None:
    compiled = behaviour.compile_behaviour(ENGINE.catalogue)
    for verdict in _lives_of_many():
        assert compiled(verdict) == pytest.approx(_textbook(_named(verdict)), abs=2e-3)


def test_contributions_add_up_to_the_score() -> None:
    compiled = behaviour.compile_behaviour(ENGINE.catalogue)
    for vector in _lives_of_many():
        found = behaviour.contributions(ENGINE.catalogue, vector)

        assert sum(one.points for one in found) == pytest.approx(compiled(vector), abs=1e-4)
        assert [one.points for one in found] == sorted((one.points for one in found), reverse=True)
        assert all(one.points >= 0 for one in found)


@pytest.mark.parametrize(
    ("unusual", "habit"),
    [
        ({"amount": "400.00"}, Habit.AMOUNT),
        ({"after": 12 * HOUR}, Habit.HOUR),
        ({"location": "Paris"}, Habit.PLACE),
        ({"country": "FR"}, Habit.PLACE),
        ({"device_id": "stolen"}, Habit.DEVICE),
    ],
)
def test_what_is_unusual_contributes_most(unusual: dict[str, Any], habit: Habit) -> None:
    made: dict[str, Any] = {"amount": "42.00", **USUAL, **unusual}

    most = behaviour.contributions(ENGINE.catalogue, Story().lives().pays(**made).features)[0]

    assert most.code is habit
    assert most.points > 5


def test_a_burst_contributes_as_velocity() -> None:
    story = Story().lives()
    burst = [story.pays("42.00", after=MINUTE, **USUAL) for _ in range(9)][-1]

    most = behaviour.contributions(ENGINE.catalogue, burst.features)[0]

    assert (most.code, most.values) == (Habit.VELOCITY, {"count_1h": 8.0, "count_30d": 28.0})


def test_an_account_without_a_past_is_moderate_because_its_history_is_thin() -> None:
    (only,) = behaviour.contributions(ENGINE.catalogue, Story().pays("42.00", **USUAL).features)

    assert only == Contribution(Habit.THIN_HISTORY, NEUTRAL, {"count_30d": 0.0})


def test_a_new_country_is_not_counted_as_a_new_location_too() -> None:
    verdict = Story().lives().pays("42.00", **{**USUAL, "country": "FR", "location": "Paris"})

    places = [one for one in behaviour.contributions(ENGINE.catalogue, verdict.features) if one.code is Habit.PLACE]

    assert [set(one.values) for one in places] == [{"is_new_country", "distinct_countries_7d", "count_7d"}]


def test_what_contributes_beyond_the_highest_score_shares_it() -> None:
    story = Story().lives()
    verdict = story.pays("9000000.00", 12 * HOUR, location="Paris", country="FR", device_id="stolen")

    found = behaviour.contributions(ENGINE.catalogue, verdict.features)

    assert verdict.parts.behaviour == 100
    assert sum(one.points for one in found) == pytest.approx(100)


def test_z_of_an_amount() -> None:
    # Given a mean of 3 and a variance of 4, those of the account and those of its peers
    known = behaviour.amount_z(7.0, 3.0, 2.0, 3.0, 2.0, 15.0)
    # Then z counts in standard deviations of the next value
    assert known == pytest.approx(2 / math.sqrt(1 + 1 / 20))
    # And without a past the peers are the habit, without peers the own past is, without both there is none
    assert behaviour.amount_z(7.0, math.nan, math.nan, 3.0, 2.0, 0.0) < known
    assert behaviour.amount_z(7.0, 3.0, 2.0, math.nan, math.nan, 15.0) > known
    assert math.isnan(behaviour.amount_z(7.0, math.nan, math.nan, math.nan, math.nan, 0.0))
    assert math.isnan(behaviour.amount_z(math.nan, 3.0, 2.0, 3.0, 2.0, 15.0))


def test_an_account_that_always_pays_the_same_may_pay_a_third_more() -> None:
    assert behaviour.amount_z(4.3, 4.0, 0.0, 4.0, 0.0, 95.0) == pytest.approx(1 / math.sqrt(1 + 1 / 100))


def test_peers_stand_for_a_past_that_is_thin() -> None:
    # Given peers who spend far more than the account did
    z = [behaviour.amount_z(8.0, 4.0, 0.5, 8.0, 0.5, count) for count in (1.0, 5.0, 50.0)]
    # Then what peers spend is usual at first, and less and less so
    assert z == sorted(z)
    assert z[0] < 1 < z[-1]


def test_a_vector_that_does_not_agree_with_itself_gives_a_score() -> None:
    compiled = behaviour.compile_behaviour(ENGINE.catalogue)
    for filler in (math.nan, 0.0, 3.0):
        for hourly, monthly in ((9.0, 2.0), (9.0, 0.0), (math.nan, 4.0), (4.0, math.nan)):
            seen = dict.fromkeys(ENGINE.catalogue.names, filler) | {"count_1h": hourly, "count_30d": monthly}

            assert 0 <= compiled(tuple(seen.values())) <= 100


def _lives_of_many() -> list[tuple[float, ...]]:
    """Vectors of accounts that live as simulated customers do, and of those among them who are attacked."""
    memory = Memory()
    payments = Simulator(Plan(customers=40, days=12, seed=5, fraud_rate=0.1)).stream()
    return [verdict.features for verdict in ENGINE.score([one.transaction for one in payments], memory)]


def _named(vector: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(ENGINE.catalogue.names, vector, strict=True))


def _textbook(seen: dict[str, float]) -> float:
    """The score, from densities summed up instead of closed forms."""
    count = seen["count_30d"]
    known = [name for name in ("hour_share_30d", "weekday_share_30d") if not math.isnan(seen[name])]
    uniform = {"hour_share_30d": 1 / 8, "weekday_share_30d": 1 / 7}
    p = [_tail(seen, count), 1 - sum(_bursts(k, seen, count) for k in range(int(seen["count_1h"])))]
    p += [min((seen[n] * count + uniform[n] * 5) / (count + 5) / uniform[n], 1) for n in known]
    of_new = {"is_new_device": "distinct_devices_7d", "is_new_country": "distinct_countries_7d"}
    if seen["is_new_country"] != 1:
        of_new["is_new_location_7d"] = "distinct_locations_7d"
    if count:
        p += [min((seen[k] + 0.5) / (seen["count_7d"] + 1), 1) for n, k in of_new.items() if seen[n] == 1]
    score = min(sum(-12.5 * math.log10(max(one, 1e-12)) for one in p), 100)
    weight = count / (count + 5)
    return weight * score + (1 - weight) * max(score, 25)


def _tail(seen: dict[str, float], count: float) -> float:
    """The tail of t5 beyond the amount, by Simpson's rule over what is not in it."""
    own, peers = seen["mean_log_30d"], seen["peer_mean_log"]
    if math.isnan(seen["log_amount"]) or (math.isnan(own) and math.isnan(peers)):
        return 1.0
    if math.isnan(own):
        own, count = peers, 0.0
    spread = 1.0 if math.isnan(seen["std_log_30d"]) else seen["std_log_30d"]
    prior, prior_spread = (own, 1.0) if math.isnan(peers) else (peers, seen["peer_std_log"])
    total = count + 5
    mean = (count * own + 5 * prior) / total
    variance = (count * spread**2 + 5 * prior_spread**2 + count * 5 / total * (own - prior) ** 2) / total
    z = (seen["log_amount"] - mean) / math.sqrt(max(variance, 0.09) * (1 + 1 / total))
    constant = math.gamma(3) / (math.sqrt(5 * math.pi) * math.gamma(2.5))
    step = z / 2000
    heights = [constant * (1 + (k * step) ** 2 / 5) ** -3 for k in range(2001)]
    return 0.5 - step / 3 * (heights[0] + heights[-1] + 4 * sum(heights[1:-1:2]) + 2 * sum(heights[2:-1:2]))


def _bursts(number: int, seen: dict[str, float], count: float) -> float:
    """The probability of exactly so many in an hour: negative binomial of shape 1/2 and the account's rate as mean."""
    rate = (count - seen["count_1h"] + 1) / 720
    p = 0.5 / (0.5 + rate)
    log_ways = math.lgamma(number + 0.5) - math.lgamma(0.5) - math.lgamma(number + 1)
    return math.exp(log_ways + 0.5 * math.log(p) + number * math.log(1 - p))
