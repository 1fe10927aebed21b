"""The behaviour score: moderate for the unknown, low for the usual, high for the improbable."""

import math

import msgspec
import pytest

from riskengine.domain.clock import DAY, HOUR, MINUTE
from riskengine.domain.errors import ConfigurationError
from riskengine.scoring import behaviour
from riskengine.scoring.behaviour import NEUTRAL
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
