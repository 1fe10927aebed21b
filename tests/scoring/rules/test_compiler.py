"""Compiled rule sets: they say what the trees mean, and what counts of it."""

from itertools import product
from math import nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskengine.domain import clock
from riskengine.domain.account import Account
from riskengine.scoring.lists import ListDefinition
from riskengine.scoring.rules.errors import RuleSetError
from riskengine.scoring.rules.parser import parse
from riskengine.scoring.rules.rule import Rule
from tests.factories import transaction
from tests.scoring.rules import compiling, expressions
from tests.scoring.rules.compiling import LISTS, NAMES, compiled, rule
from tests.scoring.rules.expressions import arguments, conditions, meaning, situations

NOON = 1_767_610_800_000
SILENT = dict.fromkeys((*expressions.FEATURES, "behaviour_score", "model_score"), nan)
SILENT |= dict.fromkeys(expressions.TEXTS) | {"amount": "3"}
"""A situation in which all is missing that may be."""

_orders = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


class Germany:
    """Lists with these effects, all with the one entry DE, and a rule that is snoozed for everyone."""

    def __init__(self, effects: dict[str, str], snoozed: str = "", asked: list[str | None] | None = None) -> None:
        self.definitions = {name: ListDefinition(name, "country", effects[name], "country", "") for name in effects}
        self._snoozed = snoozed
        self._asked = [] if asked is None else asked

    def contains(self, name: str) -> Any:
        def is_on(value: str | None, at: int) -> bool:
            self._asked.append(value)
            return value == "DE"

        return is_on

    def snoozed(self, rule_id: str, transaction: Any) -> bool:
        return rule_id == self._snoozed


@settings(max_examples=300, deadline=None)
@given(st.lists(conditions, min_size=1, max_size=12), st.lists(situations, min_size=1, max_size=6))
def test_what_fires_is_what_the_trees_mean(texts: list[str], cases: list[dict[str, Any]]) -> None:
    # Given rules at random
    trees = [parse(text, NAMES, LISTS.definitions).tree for text in texts]
    fired = compiling.of(*texts).fired

    # When they are tried on values at random, then the same fire as by the plainest reading
    for case in cases:
        expected = [place for place, tree in enumerate(trees) if meaning(tree, case)]
        assert fired(*arguments(case)) == expected, texts


_narrow = st.one_of(
    st.tuples(st.sampled_from(["hour", "count_1h"]), _orders, st.sampled_from("0123")).map(" ".join),
    st.tuples(st.sampled_from("0123"), _orders, st.sampled_from(["hour", "count_1h"])).map(" ".join),
    st.tuples(st.just("hour"), st.just("in"), st.sampled_from(["(0, 1)", "(1, 2, 3)", "()", "(2,)"])).map(" ".join),
    st.tuples(st.just("country"), _orders.filter(lambda it: it == "=="), st.sampled_from(['"DE"', '"FR"', '"x"'])).map(
        " ".join
    ),
    st.sampled_from(['country in ("DE", "FR")', "hour / count_1h > 1", "not (hour > 2 or count_1h < 1)"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(_narrow, min_size=1, max_size=4).map(" and ".join), min_size=5, max_size=40))
def test_rules_with_much_in_common_mean_what_they_mean_alone(texts: list[str]) -> None:
    trees = [parse(text, NAMES).tree for text in texts]
    fired = compiling.of(*texts).fired
    for hour, count, country in product((nan, -1.0, 0.0, 1.0, 2.0, 3.0), (nan, 0.0, 1.0, 3.0), (None, "DE", "FR")):
        case = SILENT | {"hour": hour, "count_1h": count, "country": country}
        assert fired(*arguments(case)) == [place for place, tree in enumerate(trees) if meaning(tree, case)], case


@pytest.mark.parametrize(
    "texts",
    [
        [f"amount_base > {number} and mean_30d < {number % 7}" for number in range(300)],
        [f"amount_base >= {number} and mean_30d <= {number}" for number in range(-5, 15)] * 3,
        [f'country in ("{chr(65 + number % 26)}", "DE", "{number}") and hour > {number % 5}' for number in range(120)],
        [" and ".join(f"amount_base > {number} and hour < {99 - number}" for number in range(n)) for n in range(1, 27)],
        [" and ".join(f"mean_30d + {number} > 2" for number in range(n)) for n in range(1, 47)],
        [
            " and ".join([*(f"hour-{number}>9" for number in range(level)), f"hour-{level}>{rung}"])
            for level in range(70)
            for rung in ((-99, -9, 1, 2, 3, 4, 5, 9) if level < 12 else (9,))
        ],
        [" and ".join([*["amount_base * 2 > 1"] * n, f"abs(hour) > {n}"]) for n in range(1, 40)],
    ],
    ids=[
        "a ladder",
        "equal rungs",
        "many cases",
        "two ladders",
        "prefixes of one another",
        "ladders on ladders",
        "one thing again",
    ],
)
def test_large_rule_sets_mean_the_same(texts: list[str]) -> None:
    trees = [parse(text, NAMES).tree for text in texts]
    fired = compiling.of(*texts).fired
    for amount in (-7.0, 0.0, 2.0, 4.0, 5.0, 10.0, 300.0, nan):
        for country in ("A", "DE", "7", None):
            case = SILENT | dict.fromkeys(expressions.FEATURES, amount) | dict.fromkeys(expressions.TEXTS, country)
            assert fired(*arguments(case)) == [place for place, tree in enumerate(trees) if meaning(tree, case)]


def test_what_rules_share_is_looked_up_once_and_only_if_it_can_matter() -> None:
    # Given rules that all look into one list, behind other conditions
    asked: list[str | None] = []
    lists = Germany({"odd": "none"}, asked=asked)
    rules = compiled(
        rule('hour > 5 and country in list("odd")'),
        rule('hour > 9 and country in list("odd") and amount > 1', "RULE_1"),
        rule('count_1h > 5 and (country in list("odd") or amount > 100)', "RULE_2"),
        rule('count_1h > 9 and country not in list("odd")', "RULE_3"),
        lists=lists,
    )
    # When these hold, or do not
    counts = {}
    for hour, count in product((0.0, 7.0, 10.0), repeat=2):
        rules.fired(*arguments(SILENT | {"hour": hour, "count_1h": count, "country": "DE"}))
        counts[hour, count] = len(asked)
        asked.clear()
    # Then the list is asked once at most, and not at all where no rule can fire
    assert counts == {(hour, count): int(hour > 0 or count > 0) for hour, count in counts}


def test_places_of_fired_rules_ascend_and_name_the_rules() -> None:
    rules = compiling.of("amount > 1", "amount > 100", 'country == "DE"', "amount > 2")

    fired = rules.fired(transaction(amount="12.50", country="DE"), Account("alice"), [0.0] * 100, 0.0, 0.0)

    assert [rules.rules[place].id for place in fired] == ["RULE_0", "RULE_2", "RULE_3"]


def test_only_live_rules_count() -> None:
    # Given one rule in each mode
    modes = [rule("amount > 1", f"RULE_{mode.upper()}", mode=mode) for mode in ("live", "shadow", "off")]

    assert _split(modes) == (["RULE_LIVE"], ["RULE_SHADOW"])


def test_a_rule_is_valid_from_a_time_until_before_another() -> None:
    limits = {"valid_from": clock.to_datetime(NOON), "valid_until": clock.to_datetime(NOON + 10)}
    rules = [rule("amount > 1", **limits)]

    found = [bool(_split(rules, at=NOON + ms)[0]) for ms in (-1, 0, 9, 10)]

    assert found == [False, True, True, False]


def test_a_snoozed_rule_fires_without_counting() -> None:
    rules = [rule("amount > 1"), rule("amount > 2", "RULE_1")]

    assert _split(rules, Germany({}, snoozed="RULE_1")) == (["RULE_0"], ["RULE_1"])


def test_lists_with_an_effect_act_by_rules_of_their_own() -> None:
    # Given lists of all effects
    lists = Germany({"stolen": "block", "staff": "allow", "odd": "watch", "known": "none"})

    rules = compiled(rule("amount > 1"), lists=lists)

    # Then each one with an effect has a rule, after those of the set, in the order of their names
    assert [one.id for one in rules.rules] == ["RULE_0", "LIST_ODD", "LIST_STAFF", "LIST_STOLEN"]
    assert [(one.minimum_outcome, one.maximum_outcome, one.impact) for one in rules.rules[1:]] == [
        ("review", None, 0), (None, "approve", 0), ("decline", None, 0),
    ]  # fmt: skip
    assert rules.reads["LIST_ODD"] == ("country",)
    assert _split([rule("amount > 1")], lists) == (["RULE_0", "LIST_ODD", "LIST_STAFF", "LIST_STOLEN"], [])
    assert _split([rule("amount > 1")], lists, country="FR") == (["RULE_0"], [])


def test_two_rules_of_one_id_are_refused_and_so_is_one_that_a_list_implies() -> None:
    lists = Germany({"odd": "block"})

    with pytest.raises(RuleSetError) as caught:
        compiled(rule("amount > 1"), rule("amount > 2"), rule("amount > 1", "LIST_ODD"), lists=lists)

    assert [error.rule for error in caught.value.errors] == ["RULE_0", "LIST_ODD"]


def test_reads_are_those_of_expression_and_reason() -> None:
    rules = compiled(rule("amount > 1 and hour() < 5", reason="{country}: {amount:.2f}"), rule("amount > 1", "RULE_1"))

    assert rules.reads == {"RULE_0": ("amount", "hour", "country"), "RULE_1": ("amount",)}


def test_all_faults_of_all_rules_are_named() -> None:
    faulty = [
        rule("amuont > 1 and contry == 5"),
        rule("amount > 1", "RULE_1"),
        rule("amount >", "RULE_2", reason="{amont}"),
        rule("amount + 1", "RULE_3", mode="off"),
    ]

    with pytest.raises(RuleSetError) as caught:
        compiled(*faulty)

    assert [(error.rule, error.column) for error in caught.value.errors] == [
        ("RULE_0", 1), ("RULE_0", 16), ("RULE_2", 9), ("RULE_2", 2), ("RULE_3", 1),
    ]  # fmt: skip
    assert str(caught.value).count("did you mean") == 3


def _split(rules: list[Rule], lists: Any = LISTS, at: int = NOON, country: str = "DE") -> tuple[list[str], list[str]]:
    """The ids of the rules that count, and of those that do not."""
    made = transaction("alice", "5.00", at, country=country)
    found = compiled(*rules, lists=lists)
    split = found.split(found.fired(made, Account("alice"), compiling.vector({}), 0.0, 0.0), made)
    return [one.id for one in split.counted], [one.id for one in split.shadow]
