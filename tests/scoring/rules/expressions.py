"""Expressions at random, as text, and what they are tried on. Constants are few, so that rules have much in common."""

import math
from typing import Any

from hypothesis import strategies as st

from riskengine.domain.account import Account
from riskengine.scoring.rules.tree import Tree
from tests.factories import transaction
from tests.scoring.rules.compiling import LISTS, NAMES, vector
from tests.scoring.rules.interpreter import Value, value

FEATURES = ("amount_base", "mean_30d", "count_1h", "hour", "is_new_device", "peer_zscore")
TEXTS = ("country", "home_country", "merchant", "merchant_category")

_numbers_written = st.sampled_from(["0", "1", "2", "3", "5", "10", "2.5", "-1", "1e308"])
_texts_written = st.sampled_from(['"DE"', '"FR"', '"KP"', '"de"', '""', '"D"', '"x"'])
_orders = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
_words = st.sampled_from(["in", "not in"])


def _join(parts: st.SearchStrategy[Any], word: str) -> st.SearchStrategy[str]:
    return st.lists(parts, min_size=2, max_size=4).map(lambda items: "(" + f" {word} ".join(items) + ")")


def _numbers(depth: int) -> st.SearchStrategy[str]:
    simple = st.one_of(st.sampled_from((*FEATURES, "amount", "behaviour_score", "model_score")), _numbers_written)
    if not depth:
        return simple
    inner, texts = _numbers(depth - 1), _texts(depth - 1)
    pairs = st.tuples(inner, inner)
    return st.one_of(
        simple,
        simple,
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda it: f"({it[0]} {it[1]} {it[2]})"),
        inner.map(lambda it: f"-({it})"),
        st.tuples(st.sampled_from(["abs", "floor", "ceil", "round"]), inner).map(lambda it: f"{it[0]}({it[1]})"),
        inner.map(lambda it: f"round({it}, 1)"),
        st.tuples(st.sampled_from(["min", "max", "coalesce"]), pairs).map(lambda it: f"{it[0]}({', '.join(it[1])})"),
        texts.map(lambda it: f"length({it})"),
    )


def _texts(depth: int) -> st.SearchStrategy[str]:
    simple = st.one_of(st.sampled_from(TEXTS), _texts_written)
    if not depth:
        return simple
    inner = _texts(depth - 1)
    return st.one_of(
        simple,
        inner.map(lambda it: f"lower({it})"),
        st.tuples(inner, inner).map(lambda it: f"coalesce({it[0]}, {it[1]})"),
    )


def _conditions(depth: int) -> st.SearchStrategy[str]:
    numbers, texts = _numbers(depth), _texts(depth)
    tests = st.sampled_from(["starts_with", "ends_with", "contains"])
    written = st.lists(_texts_written, max_size=4).map(lambda items: f"({''.join(it + ', ' for it in items)})")
    figures = st.lists(_numbers_written, min_size=1, max_size=3).map(lambda items: f"({', '.join(items)}, )")
    lists = st.just('list("high_risk_countries")')
    simple = st.one_of(
        st.tuples(st.sampled_from(FEATURES), _orders, _numbers_written).map(" ".join),
        st.tuples(st.sampled_from(FEATURES), _orders, _numbers_written).map(" ".join),
        st.tuples(st.sampled_from(TEXTS), st.sampled_from(["==", "!="]), _texts_written).map(" ".join),
        st.tuples(numbers, _orders, numbers).map(lambda it: f"({' '.join(it)})"),
        st.tuples(texts, st.sampled_from(["==", "!="]), texts).map(lambda it: f"({' '.join(it)})"),
        st.tuples(texts, _words, st.one_of(written, lists)).map(lambda it: f"({' '.join(it)})"),
        st.tuples(numbers, _words, figures).map(lambda it: f"({' '.join(it)})"),
        st.tuples(tests, texts, texts).map(lambda it: f"{it[0]}({it[1]}, {it[2]})"),
        st.sampled_from(["is_new_device", "1 <= hour < 5"]),
    )
    if not depth:
        return simple
    inner = _conditions(depth - 1)
    return st.one_of(simple, _join(inner, "and"), _join(inner, "or"), inner.map(lambda it: f"(not {it})"))


conditions = st.one_of(_join(_conditions(0), "and"), _conditions(1), _conditions(2)).filter(lambda it: len(it) < 1_000)

_values = st.sampled_from([math.nan, math.nan, 0.0, 1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 10.0, 11.0, -1.0, 1e308, -1e308])
_words_seen = st.sampled_from([None, None, "DE", "FR", "KP", "de", "", "x", "Dx"])

situations = st.fixed_dictionaries(
    {
        **dict.fromkeys((*FEATURES, "behaviour_score", "model_score"), _values),
        **dict.fromkeys(TEXTS, _words_seen),
        "amount": st.sampled_from(["0.01", "2.5", "3", "10"]),
    }
)
"""Values of the names that expressions read, by name."""


def arguments(situation: dict[str, Any]) -> tuple[Any, ...]:
    """The situation as arguments of a compiled function."""
    fields = {name: situation[name] for name in TEXTS if name != "home_country"}
    return (
        transaction("alice", situation["amount"], **fields),
        Account("alice", home_country=situation["home_country"]),
        vector({name: situation[name] for name in FEATURES}),
        situation["behaviour_score"],
        situation["model_score"],
    )


def meaning(tree: Tree, situation: dict[str, Any]) -> Value:
    """What the oracle says of a tree in a situation."""
    look_up = {name: LISTS.contains(name) for name in LISTS.definitions}
    seen = situation | {"amount": float(situation["amount"])}
    assert set(seen) <= set(NAMES)
    return value(tree, seen, lambda name, it: look_up[name](it, 0))
