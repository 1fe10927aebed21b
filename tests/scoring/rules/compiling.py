"""Compiled rules for tests: a rule set of a few expressions over the shipped catalogue, and what they are tried on."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from riskengine.domain.account import Account
from riskengine.domain.outcome import Level
from riskengine.scoring.rules import names
from riskengine.scoring.rules.compiler import Rules, compile_rules
from riskengine.scoring.rules.rule import Rule
from tests.factories import transaction
from tests.scoring.stories import ENGINE

NAMES = names.of(ENGINE.catalogue)
LISTS = ENGINE.lists


def rule(expression: str, id_: str = "RULE_0", **fields: Any) -> Rule:
    """A rule of that expression."""
    return Rule(id_, "", "", expression, 1.0, Level.LOW, **fields)


def compiled(*rules: Rule, lists: Any = LISTS) -> Rules:
    """These rules over the shipped catalogue."""
    return compile_rules(msgspec.structs.replace(ENGINE.ruleset, rules=rules), ENGINE.catalogue, lists)


def of(*expressions: str) -> Rules:
    """Rules of these expressions."""
    return compiled(*(rule(text, f"RULE_{place}") for place, text in enumerate(expressions)))


def vector(features: Mapping[str, float]) -> Sequence[float]:
    """Values of these features; all others are missing."""
    return [features.get(name, math.nan) for name in ENGINE.catalogue.names]


def holds(
    expression: str,
    behaviour: float = 50.0,
    model: float = math.nan,
    features: Mapping[str, float] | None = None,
    **fields: Any,
) -> bool:
    """Whether an expression holds where mean_30d is 10, sum_30d 0 and all other features are missing."""
    values = vector({"mean_30d": 10.0, "sum_30d": 0.0} | dict(features or {}))
    made = transaction("alice", "12.50", **{"country": "DE", **fields})
    return bool(of(expression).fired(made, Account("alice", "business"), values, behaviour, model))
