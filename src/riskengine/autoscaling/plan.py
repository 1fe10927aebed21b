"""A policy as people write it: a file in YAML."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import defstruct, structs

from riskengine.autoscaling.policy import Bounds, Policy
from riskengine.domain import strict_yaml
from riskengine.domain.errors import ConfigurationError
from riskengine.operations.scaling_rules import RULES, ScalingRule
from riskengine.stack.standing import Kind

EVERY_S = 15.0
"""Seconds from look to look: four of them lie in the minute over which rates are."""

MOST_EVERY_S = 30.0
"""Seconds from look to look at most: half of the gap in which a hold would be lost."""

BOUNDS: Mapping[Kind, Bounds] = {Kind.API: Bounds(1, 4), Kind.WORKER: Bounds(1, 8)}
"""Without a policy of one's own: what a machine of a few processors bears beside PostgreSQL and Valkey."""


class Plan(msgspec.Struct, frozen=True):
    """A policy, and how often it is looked."""

    policy: Policy
    every_s: float

    def check(self) -> None:
        """Raises ConfigurationError if nobody could act by it."""
        self.policy.check()
        if not 0 < self.every_s <= MOST_EVERY_S:
            raise ConfigurationError(f"every_s is {self.every_s:g}: look at least every {MOST_EVERY_S:g} seconds")


class _Changed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file says of one rule."""

    threshold: float | None = None
    hold_s: float | None = None

    def of(self, rule: ScalingRule) -> ScalingRule:
        when = rule.when
        threshold = when.threshold if self.threshold is None else self.threshold
        hold_s = when.hold_s if self.hold_s is None else self.hold_s
        return structs.replace(rule, when=structs.replace(when, threshold=threshold, hold_s=hold_s))


class _Bounds(Bounds, frozen=True, forbid_unknown_fields=True):
    """As a file names them: all that is known, and nothing else."""

    @property
    def plain(self) -> Bounds:
        return Bounds(**structs.asdict(self))


class _Kinds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    api: _Bounds | None = None
    worker: _Bounds | None = None


_Rules = defstruct(  # a field for each rule, so that messages name it
    "_Rules", [(rule.name, _Changed, _Changed()) for rule in RULES], frozen=True, forbid_unknown_fields=True
)


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file says: a scenario's section on its autoscaler has the same form."""

    every_s: float = EVERY_S
    bounds: _Kinds | None = None
    rules: _Rules = _Rules()  # type: ignore[valid-type]

    def plan(self) -> Plan:
        """The plan of it. Raises ConfigurationError if nobody could act by it."""
        rules = tuple(getattr(self.rules, rule.name).of(rule) for rule in RULES)
        plan = Plan(Policy(_bounds(self), rules), self.every_s)
        plan.check()
        return plan


def default() -> Plan:
    """What holds where nobody wrote a policy."""
    return Plan(Policy(BOUNDS), EVERY_S)


def read(path: Path) -> Plan:
    """The plan of a file. What it does not name is as without it; but a kind is left alone that its `bounds` lack.

    Raises ConfigurationError, with the field's name, if it cannot be read, or nobody could act by it.
    """
    try:
        return msgspec.convert(strict_yaml.load(path.read_bytes()), Written).plan()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}): name a file with a policy") from None
    except (msgspec.ValidationError, ConfigurationError) as error:
        raise ConfigurationError(f"{path}: {error}") from None


def _bounds(found: Written) -> Mapping[Kind, Bounds]:
    """The bounds of the kinds that a file names; those without any file if it names none."""
    if found.bounds is None:
        return BOUNDS
    named = {Kind.API: found.bounds.api, Kind.WORKER: found.bounds.worker}
    return {kind: bounds.plain for kind, bounds in named.items() if bounds is not None}
