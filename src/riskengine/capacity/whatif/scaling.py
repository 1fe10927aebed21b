"""The autoscaler of a scenario: the policy of `riskengine autoscale`, written as the scenario's author writes."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from riskengine.autoscaling.policy import Bounds, Policy
from riskengine.domain.errors import ConfigurationError
from riskengine.operations.scaling_rules import RULES, ScalingRule
from riskengine.stack.standing import MOST, Kind


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Between how many processes of a kind, by how many at a time, and how long it then leaves them alone."""

    least: Annotated[int, Meta(ge=1, le=MOST)] = 1
    most: Annotated[int, Meta(ge=1, le=MOST)] = MOST
    step: Annotated[int, Meta(ge=1)] = 1
    cooldown_s: Annotated[float, Meta(ge=0)] = 180.0


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is other than usual in a rule."""

    threshold: float | None = None
    hold_s: Annotated[float, Meta(ge=0)] | None = None


class Autoscaler(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An autoscaler that looks every `every_s`. A kind without limits is left alone."""

    api: Limits | None = None
    worker: Limits | None = None
    every_s: Annotated[float, Meta(ge=1, le=60)] = 15.0
    rules: Mapping[str, Change] = {}

    @property
    def policy(self) -> Policy:
        """The policy. Raises ConfigurationError if nobody could act by it."""
        unknown = set(self.rules) - {rule.name for rule in RULES}
        if unknown:
            names = ", ".join(rule.name for rule in RULES)
            raise ConfigurationError(f"rules: there is no {', '.join(sorted(unknown))}; the rules are {names}")
        limits = ((Kind.API, self.api), (Kind.WORKER, self.worker))
        bounds = {kind: Bounds(one.least, one.most, one.step, one.cooldown_s) for kind, one in limits if one}
        policy = Policy(bounds, tuple(_changed(rule, self.rules.get(rule.name, Change())) for rule in RULES))
        policy.check()
        return policy


def _changed(rule: ScalingRule, change: Change) -> ScalingRule:
    given = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not None}
    return msgspec.structs.replace(rule, when=msgspec.structs.replace(rule.when, **given))
