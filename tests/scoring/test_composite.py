"""One score of all parts."""

from typing import Literal

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from riskengine.domain.outcome import Level, Outcome
from riskengine.scoring import composite
from riskengine.scoring.rules.rule import Rule
from riskengine.scoring.rules.ruleset import Thresholds
from tests.scoring.stories import ENGINE


def rule(
    impact: float,
    minimum: Literal["review", "decline"] | None = None,
    maximum: Literal["approve"] | None = None,
) -> Rule:
    return Rule("RULE_X", "", "", "amount > 1", impact, Level.LOW, minimum, maximum)


def test_parts_are_weighted_with_and_without_a_model() -> None:
    without = composite.combine(ENGINE.ruleset, [rule(40), rule(30)], 50.0, None)
    with_one = composite.combine(ENGINE.ruleset, [rule(40), rule(30)], 50.0, 80.0)

    assert (without.score, without.parts.rules, without.parts.model_weight) == (61.8, 70, 0.0)
    assert (with_one.score, with_one.parts.rules_weight) == (64.5, 0.5)


def test_impacts_are_capped_at_100_and_so_is_the_score() -> None:
    result = composite.combine(ENGINE.ruleset, [rule(60), rule(60)], 100.0, 100.0)

    assert (result.parts.rules, result.score, result.outcome) == (100, 100.0, Outcome.DECLINE)


@pytest.mark.parametrize(
    ("minimums", "score", "level"),
    [([None], 0.59, Level.LOW), (["review"], 50, Level.HIGH), (["review", "decline", None], 70, Level.CRITICAL)],
)
def test_a_minimum_outcome_lifts_the_score_to_its_threshold(
    minimums: list[Literal["review", "decline"] | None], score: float, level: Level
) -> None:
    result = composite.combine(ENGINE.ruleset, [rule(1 / len(minimums), m) for m in minimums], 0.0, None)

    assert (result.score, result.level) == (score, level)


def test_a_minimum_outcome_lowers_nothing() -> None:
    assert composite.combine(ENGINE.ruleset, [rule(100, "review")], 100.0, None).score == 100.0


def test_a_maximum_outcome_lowers_the_score_to_the_last_that_is_approved() -> None:
    result = composite.combine(ENGINE.ruleset, [rule(100), rule(0, None, "approve")], 100.0, None)

    assert (result.score, result.level, result.outcome) == (49.9999, Level.MEDIUM, Outcome.APPROVE)
    assert (result.parts.rules, result.parts.behaviour) == (100, 100.0)


def test_a_maximum_outcome_lifts_nothing() -> None:
    assert composite.combine(ENGINE.ruleset, [rule(1, None, "approve")], 0.0, None).score == 0.59


@pytest.mark.parametrize(("minimum", "score"), [("review", 100.0), ("decline", 100.0)])
def test_a_minimum_outcome_outranks_a_maximum(minimum: Literal["review", "decline"], score: float) -> None:
    fired = [rule(100), rule(0, None, "approve"), rule(0, minimum)]

    assert composite.combine(ENGINE.ruleset, fired, 100.0, None).score == score


@given(st.floats(1e-9, 100), st.floats(1e-9, 100))
def test_what_a_maximum_outcome_leaves_is_approved_whatever_the_thresholds(medium: float, high: float) -> None:
    assume(medium < high < 100)
    ruleset = msgspec.structs.replace(ENGINE.ruleset, thresholds=Thresholds(medium, high, 100.0))

    result = composite.combine(ruleset, [rule(100, None, "approve")], 100.0, None)

    assert result.outcome is Outcome.APPROVE
    assert high - result.score <= 0.00016
