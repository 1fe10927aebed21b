"""One score of all parts."""

from collections.abc import Sequence

import msgspec

from riskengine.domain.decision import Parts
from riskengine.domain.outcome import OUTCOME_OF_LEVEL, Level, Outcome
from riskengine.scoring.rules.rule import Rule
from riskengine.scoring.rules.ruleset import RuleSet

HIGHEST = 100.0

DECIMALS = 4
"""Decimals of a score: enough for every reader, and the same in each process."""

_STEP = 10.0**-DECIMALS


class Composite(msgspec.Struct, frozen=True, gc=False):
    """A score (0..100), what follows from it, and what it is made of."""

    score: float
    level: Level
    outcome: Outcome
    parts: Parts


def combine(ruleset: RuleSet, fired: Sequence[Rule], behaviour: float, model: float | None) -> Composite:
    """The weighted sum of the rules' impact (capped at 100), the behaviour score and the model's, where there is one.

    The fired rule with the strictest minimum outcome lifts it to the threshold of that outcome's level. Only where no
    fired rule has a minimum outcome, one with a maximum outcome lowers a score that asks for more than approval to the
    last one below the threshold of the level high, in steps of 4 decimals.
    """
    weights = ruleset.weights_without_model if model is None else ruleset.weights
    impact = min(sum([rule.impact for rule in fired], 0.0), HIGHEST)
    score = weights.rules * impact + weights.behaviour * behaviour + weights.model * (model or 0.0)
    score = _bounded(ruleset, fired, min(round(score, DECIMALS), HIGHEST))
    level = ruleset.thresholds.level(score)
    parts = Parts(impact, behaviour, model, weights.rules, weights.behaviour, weights.model)
    return Composite(score, level, OUTCOME_OF_LEVEL[level], parts)


def _bounded(ruleset: RuleSet, fired: Sequence[Rule], score: float) -> float:
    """The score within what the fired rules demand (which decides) or allow."""
    demanded = [_least(ruleset, rule.minimum_outcome) for rule in fired if rule.minimum_outcome is not None]
    if demanded:
        return max(score, *demanded)
    if score >= ruleset.thresholds.high and any(rule.maximum_outcome is not None for rule in fired):
        return max(0.0, round(ruleset.thresholds.high - _STEP, DECIMALS))
    return score


def _least(ruleset: RuleSet, outcome: str) -> float:
    """The lowest score that has the outcome."""
    return ruleset.thresholds.critical if outcome == Outcome.DECLINE else ruleset.thresholds.high
