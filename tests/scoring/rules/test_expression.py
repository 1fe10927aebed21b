"""The notation of rules: what it means, and what it refuses."""

import math
from typing import Any

import msgspec
import pytest

from riskengine.domain.account import Account
from riskengine.domain.outcome import Level
from riskengine.scoring.rules.compiler import compile_rules
from riskengine.scoring.rules.errors import RuleError
from riskengine.scoring.rules.expression import LONGEST
from riskengine.scoring.rules.ruleset import Rule
from tests.factories import transaction
from tests.scoring.stories import ENGINE


def rules(*expressions: str) -> Any:
    """The compiled function of a rule set with these expressions."""
    made = tuple(Rule(f"RULE_{n}", "", "", text, 1.0, Level.LOW) for n, text in enumerate(expressions))
    return compile_rules(msgspec.structs.replace(ENGINE.ruleset, rules=made), ENGINE.catalogue).fired


def holds(expression: str, behaviour: float = 50.0, features: dict[str, float] | None = None, **fields: Any) -> bool:
    """Whether an expression holds where mean_30d is 10, sum_30d 0 and all other features are missing."""
    known = {"mean_30d": 10.0, "sum_30d": 0.0} | (features or {})
    vector = [known.get(name, math.nan) for name in ENGINE.catalogue.names]
    made = transaction("alice", "12.50", **{"country": "DE", **fields})
    return bool(rules(expression)(made, Account("alice", "business"), vector, behaviour))


@pytest.mark.parametrize(
    "expression",
    [
        "mean_30d == 10",
        "5 < mean_30d <= 10 < 11",
        "mean_30d != 11 and not mean_30d > 10",
        "mean_30d > 20 or mean_30d < 11",
        "mean_30d in (1, 10)",
        "mean_30d not in [1, 2]",
        "mean_30d + 2 * 3 - 8 / 4 == 14",
        "-mean_30d == -10",
        "abs(-mean_30d) == max(10, 3) and min(1, 2) == 1",
        "coalesce(std_30d, mean_30d) == 10",
        "amount == 12.5 and behaviour_score == 50",
        'country == "DE" and currency != "USD"',
        'country in ("DE", "FR") and country not in ("US",)',
        'country not in list("high_risk_countries")',
        'account_type == "business" and account_status == "active" and account_id == "alice"',
    ],
)
def test_an_expression_means_what_it_says(expression: str) -> None:
    assert holds(expression)
    assert not holds(f"not ({expression})")


@pytest.mark.parametrize(
    "expression",
    [
        *[f"std_30d {operator} mean_30d" for operator in ("<", "<=", ">", ">=", "==", "!=")],
        *[f"mean_30d {operator} std_30d" for operator in ("<", "<=", ">", ">=", "==", "!=")],
        "std_30d == std_30d",
        "std_30d in (1, 2)",
        "std_30d not in (1, 2)",
        "std_30d + 1 > 0 or -std_30d < 0 or abs(std_30d) >= 0",
        "min(1, std_30d) <= 1 or max(std_30d, 1) >= 1",
        "mean_30d / sum_30d > 0 or mean_30d / sum_30d <= 0",
        "coalesce(std_30d, std_7d) > 0",
        "0 < mean_30d < std_30d",
        'merchant == "x"',
        'merchant != "x"',
        "merchant == location",
        "merchant != location",
        'merchant in ("x",)',
        'merchant not in ("x",)',
        'merchant not in list("high_risk_countries")',
    ],
)
def test_a_comparison_with_a_missing_value_is_false(expression: str) -> None:
    assert not holds(expression)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("__import__('os').system('true') == 0", "no such function"),
        ("amount_base.real > 1", "`Attribute` cannot be used"),
        ("().__class__.__bases__ == 1", "`Attribute` cannot be used"),
        ("(lambda: 1)() > 0", "no such function"),
        ("[x for x in (1, 2)] == 1", "`ListComp` cannot be used"),
        ("amount_base[0] > 1", "`Subscript` cannot be used"),
        ("9 ** 9 ** 9 > 1", "`Pow` cannot be used"),
        ("1 << 99999 > 1", "`LShift` cannot be used"),
        ("amount_base % 2 == 0", "`Mod` cannot be used"),
        ("(amount := 1) == 1", "`NamedExpr` cannot be used"),
        ("1 if amount > 2 else 0", "`IfExp` cannot be used"),
        ('f"{amount}" == "1"', "`JoinedStr` cannot be used"),
        ("open('x') == 1", "no such function"),
        ("min(*(1, 2)) == 1", "takes 2 to 8 numbers|cannot be used"),
        ("abs(amount, key=1) == 1", "takes 1 to 1 numbers"),
        ("amount is 1.5", "`Is` cannot be used"),
        ("+amount > 1", "`UAdd` cannot be used"),
        ("True == True", "only numbers and texts"),
        ("amount > 1e999", "only numbers and texts"),
        (f"amount > 1{'0' * 400}", "only numbers and texts"),
        ("amount > None", "only numbers and texts"),
        ("amount_base", "the expression is a number; compare it"),
        ("is_new_device and amount > 5", "a truth is needed here, this is a number; compare it"),
        ("country > 'A'", "texts have no order"),
        ("country == 5", "a text cannot be compared with a number"),
        ("(amount > 1) == (amount > 2)", "a truth cannot be compared"),
        ("country + 'x' == 'DEx'", "a number is needed here, this is a text"),
        ("country in amount", "after `in` comes"),
        ("country in (merchant, 'x')", "must hold texts written out"),
        ("country in list('nothing')", "there is no list 'nothing'"),
        ("country in list('high_risk_country')", "did you mean 'high_risk_countries'"),
        ("country in list(country)", "a list is named as in"),
        ("amount in list('high_risk_countries')", "lists hold texts"),
        ("list('high_risk_countries') == 1", "can only stand after `in`"),
        ("amount_bse > 1", "nothing is called 'amount_bse'; did you mean 'amount_base'"),
        ("transaction == 1", "nothing is called 'transaction'"),
        ("amount >", "cannot be read"),
        ("amount > 1; amount > 2", "cannot be read"),
        ("import os", "cannot be read"),
        ("", "cannot be read"),
        ("amount\0 > 1", "cannot be read"),
        ("not " * 20 + "amount > 1", "nested more than 16 deep"),
        ("(" * 300 + "amount > 1" + ")" * 300, "cannot be read"),
        ("-" * 900 + "1 > 0", "nested more than|cannot be read"),
        ("amount > 1 or " * 100 + "amount > 1", f"{LONGEST} are allowed"),
    ],
)
def test_what_is_not_a_rule_is_refused_by_name(expression: str, message: str) -> None:
    with pytest.raises(RuleError, match=f"^rule RULE_0(, column [0-9]+)?: .*({message})"):
        rules(expression)


def test_an_error_says_where() -> None:
    with pytest.raises(RuleError) as caught:
        rules("amount > 1", "amount > 1 and amout > 2")

    assert (caught.value.rule, caught.value.column) == ("RULE_1", 16)


def test_the_rules_that_fired_come_in_their_order() -> None:
    fired = rules("amount > 1", "amount > 100", "amount > 2")

    assert fired(transaction(amount="12.50"), Account("alice"), [0.0] * 100, 0.0) == [0, 2]
