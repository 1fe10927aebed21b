"""No text escapes the language, breaks it, or takes long; what is accepted compiles, and evaluates on anything."""

import math
import random
import re
import warnings
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from riskengine.domain.account import Account
from riskengine.scoring.rules.errors import RuleSetError
from riskengine.scoring.rules.parser import parse
from riskengine.scoring.rules.tree import Among, Call, Compare, Number, Read, Text, Tree, walk
from tests.factories import transaction
from tests.scoring.rules import compiling
from tests.scoring.rules.compiling import ENGINE, LISTS, NAMES
from tests.scoring.rules.expressions import TEXTS, arguments, conditions, situations
from tests.scoring.rules.hostile import HOSTILE

SEED = 20_261_124
MUTANTS = 10_000

VALID = [
    'amount > 10_000 and country in list("high_risk_countries")',
    "count_1h >= 3 and is_new_device",
    "distance_km(last_location, location) / seconds_since_last > 900",
    'merchant_category in ("6011", "4829") or not (merchant == "x")',
    "weekday() in (5, 6) and 1 <= hour() < 5",
    'coalesce(home_country, country) != country and starts_with(lower(merchant), "a")',
    "round(amount_base / mean_30d, 2) > 3 and min(peer_zscore, -2.5) < abs(zscore_30d)",
]
LONG = ["x" * 10**6, "(" * 10**6, "amount > 1 or " * 70_000, "'" * 10**6, "\n" * 10**6, "1" * 10**6, "not " * 250_000]
EXTREME = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, 5e-324, 1.7976931348623157e308, -1e300, 12.5]


def try_out(text: str) -> bool:
    """Whether a text is accepted; if so, it is tried on extreme values."""
    with warnings.catch_warnings(record=True) as frowns:
        warnings.simplefilter("always")
        try:
            tree = parse(text, NAMES, LISTS.definitions).tree
        except RuleSetError as error:
            return _is_refusal(error)
    fired = compiling.of(text).fired
    assert frowns == []
    assert_is_of_the_language(tree)
    for number in EXTREME:
        for word in (None, "", "DE", "\U0001f600" * 200):
            values = [number] * len(ENGINE.catalogue.names)
            fields = {name: word for name in (*TEXTS, "location") if name != "home_country"}
            made = transaction(word or "a", "9999999999999.99", **fields)
            found = fired(made, Account("a", home_country=word), values, number, number)
            assert found in ([], [0])
    return True


def _is_refusal(error: RuleSetError) -> bool:
    """False, as the text was not accepted."""
    assert error.errors
    assert str(error)
    return False


def assert_is_of_the_language(tree: Tree) -> None:
    for part in walk(tree):
        match part:
            case Read(name):
                assert name in NAMES
            case Call(function):
                assert function.isidentifier()
            case Number(value):
                assert math.isfinite(value)
            case Text(value):
                assert isinstance(value, str)
            case Among(_, options):
                assert isinstance(options, tuple) or options in LISTS.definitions
            case Compare(_, left, right):
                assert left.kind is right.kind


@pytest.mark.parametrize("text", VALID)
def test_what_is_valid_can_be_evaluated_on_anything(text: str) -> None:
    assert try_out(text)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_refused_or_mean_what_they_say(text: str) -> None:
    for whole in (text, f"{text} > 1", f"amount > 1 and {text}", f"country in ({text})", f"abs({text}) > 1"):
        try_out(whole)


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_long_texts_are_refused_unread(text: str) -> None:
    assert not try_out(text)


def test_mutants_of_valid_expressions_and_of_hostile_texts() -> None:
    # Given what is valid and what is not, cut up and put together again at random
    chance = random.Random(SEED)
    pool = [*VALID, *HOSTILE]

    accepted = sum(try_out(_mutant(chance, pool)) for _ in range(MUTANTS))

    # Then some of it is accepted, so that the trial tries something
    assert accepted > MUTANTS / 50


def _mutant(chance: random.Random, pool: list[str]) -> str:
    """A valid expression in which up to three words were replaced by words, pieces or signs of others."""
    words = _words(chance.choice(VALID))
    for _ in range(chance.randint(1, 3)):
        other = chance.choice(pool)
        cut = chance.randrange(len(other))
        sign = chance.choice("()[]'\"\\,.=<>!#\n\t{}:;*0-")
        word = chance.choice(_words(other))
        words[chance.randrange(len(words))] = chance.choice(["", word, word, other[cut : cut + 12], sign, other])
    return "".join(words)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|\s+|[^\w\s]+", text) or [text]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
@example("amount > 1 #\x0c")
def test_any_text(text: str) -> None:
    try_out(text)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([word for text in (*VALID, *HOSTILE[:20]) for word in text.split()]), max_size=12))
def test_any_row_of_words(words: list[str]) -> None:
    try_out(" ".join(words))


@settings(max_examples=100, deadline=None)
@given(conditions, situations)
def test_what_is_accepted_never_fails(text: str, situation: dict[str, Any]) -> None:
    assert try_out(text)
    compiling.of(text).fired(*arguments(situation))
