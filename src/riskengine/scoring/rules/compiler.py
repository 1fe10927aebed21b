"""From a rule set to one Python function: every name is read once, whatever the number of rules that use it."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from riskengine.domain.account import Account
from riskengine.domain.transaction import Transaction
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.rules import expression, names
from riskengine.scoring.rules.ruleset import RuleSet

Function = Callable[[Transaction, Account, Sequence[float], float], list[int]]
"""(transaction, account, features, behaviour score) -> places of the rules that fired, in order."""

_TEMPLATE = """\
def rules(transaction, account, values, behaviour_score):
{reads}
    fired = []
{conditions}
    return fired
"""


class Rules(msgspec.Struct, frozen=True):
    """A compiled rule set: the function, and the names that each rule reads."""

    fired: Function
    reads: tuple[tuple[str, ...], ...]


def compile_rules(ruleset: RuleSet, catalogue: Catalogue) -> Rules:
    """Compiles a rule set. Raises RuleError if a rule cannot be read."""
    known = names.of(catalogue)
    parsed = [expression.parse(rule.id, rule.expression, known, ruleset.lists) for rule in ruleset.rules]
    used = dict.fromkeys(name for condition in parsed for name in condition.reads)
    reads = "\n".join(f"    x_{name} = {known[name].read}" for name in used)
    conditions = "\n".join(f"    if {c.code}:\n        fired.append({place})" for place, c in enumerate(parsed))
    scope: dict[str, Any] = {
        "lists": {name: frozenset(members) for name, members in ruleset.lists.items()},
        "divide": _divide,
        "abs_": abs,
        "min_": _min,
        "max_": _max,
        "coalesce_": _coalesce,
    }
    text = _TEMPLATE.format(reads=reads, conditions=conditions)
    exec(compile(text, f"<rules {ruleset.version}>", "exec"), scope)
    return Rules(scope["rules"], tuple(condition.reads for condition in parsed))


def _divide(dividend: float, divisor: float) -> float:
    return dividend / divisor if divisor else math.nan


def _min(*numbers: float) -> float:
    return math.nan if any(map(math.isnan, numbers)) else min(numbers)


def _max(*numbers: float) -> float:
    return math.nan if any(map(math.isnan, numbers)) else max(numbers)


def _coalesce(*numbers: float) -> float:
    return next((number for number in numbers if not math.isnan(number)), math.nan)
