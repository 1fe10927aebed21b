"""One score of all parts."""

from collections.abc import Sequence

import msgspec

from riskengine.domain.decision import Parts
from riskengine.domain.outcome import OUTCOME_OF_LEVEL, Level, Outcome
from riskengine.scoring.rules.ruleset import Rule, RuleSet

HIGHEST = 100.0


class Composite(msgspec.Struct, frozen=True, gc=False):
    """A score (0..100), what follows from it, and what it is made of."""

    score: float
    level: Level
    outcome: Outcome
    parts: Parts


def combine(ruleset: RuleSet, fired: Sequence[Rule], behaviour: float, model: float | None) -> Composite:
    """The weighted sum of the rules' impact (capped at 100), the behaviour score and the model's, where there is one.

    The fired rule with the strictest minimum outcome lifts it to the threshold of that outcome's level.
    """
    weights = ruleset.weights_without_model if model is None else ruleset.weights
    impact = min(sum([rule.impact for rule in fired], 0.0), HIGHEST)
    score = weights.rules * impact + weights.behaviour * behaviour + weights.model * (model or 0.0)
    score = min(round(score, 4), HIGHEST)
    for rule in fired:
        if rule.minimum_outcome is not None:
            score = max(score, _least(ruleset, rule.minimum_outcome))
    level = ruleset.thresholds.level(score)
    parts = Parts(impact, behaviour, model, weights.rules, weights.behaviour, weights.model)
    return Composite(score, level, OUTCOME_OF_LEVEL[level], parts)


def _least(ruleset: RuleSet, outcome: str) -> float:
    """The lowest score that has the outcome."""
    return ruleset.thresholds.critical if outcome == Outcome.DECLINE else ruleset.thresholds.high
