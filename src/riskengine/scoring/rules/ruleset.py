"""A rule set: all that turns features into a score and can be changed without a new release."""

from typing import Annotated

import msgspec
from msgspec import Meta

from riskengine.domain.errors import ConfigurationError
from riskengine.domain.outcome import Level
from riskengine.scoring.rules import reading, writing
from riskengine.scoring.rules.errors import RuleSetError
from riskengine.scoring.rules.rule import LISTS, Percent, Rule

Share = Annotated[float, Meta(ge=0, le=1)]

MOST_RULES = 1_000
"""Rules of a set. It bounds the time to compile one, and the size of what is compiled."""

LARGEST_TEXT = 4 * 1024 * 1024
"""Bytes of a rule set as text: room for as many rules as there may be, each as long as it may be."""

_CLOSE = 1e-9


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each part counts for; together 1."""

    rules: Share
    behaviour: Share
    model: Share = 0.0

    def __post_init__(self) -> None:
        if abs(self.rules + self.behaviour + self.model - 1) > _CLOSE:
            raise ConfigurationError("the weights of a score must add up to 1")


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The scores at which levels begin."""

    medium: Percent
    high: Percent
    critical: Percent

    def __post_init__(self) -> None:
        if not 0 < self.medium < self.high < self.critical:
            raise ConfigurationError("the thresholds must rise from medium over high to critical")

    def level(self, score: float) -> Level:
        """The level of a score."""
        if score < self.high:
            return Level.LOW if score < self.medium else Level.MEDIUM
        return Level.HIGH if score < self.critical else Level.CRITICAL


class RuleSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A numbered set of rules, with the weights and the thresholds. `load` checks what its types do not say."""

    version: Annotated[int, Meta(ge=0)]
    weights: Weights
    weights_without_model: Weights
    thresholds: Thresholds
    rules: Annotated[tuple[Rule, ...], Meta(max_length=MOST_RULES)]


def load(text: str | bytes) -> RuleSet:
    """Reads a rule set from YAML. Raises RuleSetError with all that is wrong with it.

    Expressions and reasons are only checked when it is compiled: what they may speak of depends on catalogue and lists.
    """
    found = reading.Faults()
    made = reading.struct(RuleSet, reading.document(text, LARGEST_TEXT), found, "the rule set")
    rules = [rule for rule in (made.get("rules") or ()) if isinstance(rule, Rule)]
    _check_ids([rule.id for rule in rules], found)
    for rule in rules:
        if rule.valid_from and rule.valid_until and rule.valid_from >= rule.valid_until:
            found.add(rule.id, "valid_until is not after valid_from", "the rule would never be valid")
    weights = made.get("weights_without_model")
    if isinstance(weights, Weights) and weights.model:
        found.add("", "without a model, the model has no weight", "leave it out of weights_without_model")
    if found.errors:
        raise RuleSetError(found.errors)
    return RuleSet(**made)


def dump(ruleset: RuleSet) -> str:
    """The rule set as YAML that `load` reads: the same text for the same rule set, each field in its line."""
    sections = writing.struct(ruleset)
    rules = sections.pop("rules")
    return "\n".join([writing.flat(sections), writing.blocks({"rules": rules})])


def _check_ids(ids: list[str], found: reading.Faults) -> None:
    seen: set[str] = set()
    for id_ in ids:
        if id_ in seen:
            found.add(id_, "there is another rule of this id", "give it another one")
        if id_.startswith(LISTS):
            found.add(id_, f"ids that begin with {LISTS} are those of lists", "give it another one")
        seen.add(id_)
