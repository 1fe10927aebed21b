"""A rule set: all that turns features into a score and can be changed without a new release."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from riskengine.domain.errors import ConfigurationError
from riskengine.domain.outcome import Level

Percent = Annotated[float, Meta(ge=0, le=100)]
Share = Annotated[float, Meta(ge=0, le=1)]

_CLOSE = 1e-9


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule. `impact` is what it adds to the rules' part of the score; `minimum_outcome` the least that follows."""

    id: Annotated[str, Meta(pattern="^[A-Z][A-Z0-9_]{0,63}$")]
    name: str
    description: str
    expression: str
    impact: Percent
    level: Level
    minimum_outcome: Literal["review", "decline"] | None = None


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
    """A numbered set of rules, with the lists they look into, the weights and the thresholds."""

    version: int
    weights: Weights
    weights_without_model: Weights
    thresholds: Thresholds
    rules: tuple[Rule, ...]
    lists: dict[str, tuple[str, ...]] = {}

    def __post_init__(self) -> None:
        ids = [rule.id for rule in self.rules]
        if twice := {id_ for id_ in ids if ids.count(id_) > 1}:
            raise ConfigurationError(f"the rule set has more than one rule of the id {min(twice)}")
        if self.weights_without_model.model:
            raise ConfigurationError("without a model, the model has no weight: leave it out of weights_without_model")


def load(text: str | bytes) -> RuleSet:
    """Reads a rule set from YAML. Raises ConfigurationError if it is not one."""
    try:
        return msgspec.yaml.decode(text, type=RuleSet)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"the rule set cannot be read: {error}") from error
