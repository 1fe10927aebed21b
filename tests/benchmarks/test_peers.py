"""Other engines, asked the same rules in their own languages, say the same as ours."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from benchmarks.analyst import Analyst
from benchmarks.engines import Other, RuleEngine, ZenExpression, ZenExpressionOfText, ZenTable
from benchmarks.load import BenchmarkError
from benchmarks.peers import Asked

from benchmarks import peers, rulesets, traffic
from riskengine.domain.outcome import Level
from riskengine.scoring import Engine
from riskengine.scoring.lists import starter_lists
from riskengine.scoring.rules import names
from riskengine.scoring.rules.compiler import compile_rules
from riskengine.scoring.rules.parser import parse
from riskengine.scoring.rules.rule import Rule
from riskengine.scoring.rules.tree import Tree

SIMULATED = Path("nowhere")
MADE = 300
LISTS = {shipped.name: shipped.entries for shipped in starter_lists()} | dict(rulesets.ENTRIES)
EXPRESSIONS = [ZenExpression, ZenExpressionOfText, RuleEngine]

WRITTEN = (
    "not (zscore_30d > 1)",
    "not (country == home_country)",
    'country != "BE" or device_id == "gone"',
    "country != home_country",
    "account_age_days / (count_1h - count_1h) > 0",
    "sum_1h / count_1h > 1.01 * mean_7d",
    "coalesce(zscore_30d, peer_zscore, 0) > 0.5",
    "coalesce(zscore_30d, zscore_7d) < 0.5",
    "min(mean_7d, mean_30d, amount_base) < 20",
    "max(count_1h, 2) == 2",
    "not (min(mean_7d, mean_30d) < 20)",
    "-peer_zscore > 1",
    "2 <= hour < 9 and not weekend",
    "amount_base != 10",
    'merchant_category not in ("5411", "6011")',
    'channel in ("atm", "online") and not (channel == "atm")',
    "not (is_new_device == 1 or is_new_ip == 1) and not (amount > 50 and hour > 12)",
    "behaviour_score > 30",
    "amount_base - mean_30d > 1.5 * std_30d - 1",
)
"""What missing values, negation and arithmetic could go wrong with."""


def parsed(engine: Engine, expressions: Sequence[str]) -> list[Tree]:
    """The trees of expressions over an engine's features and the lists of the benchmarks."""
    known, lists = names.of(engine.catalogue), rulesets.lists()
    return [parse(expression, known, lists.definitions).tree for expression in expressions]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.starter()


@pytest.fixture(scope="module")
def asked(engine: Engine) -> list[Asked]:
    """Simulated transactions of accounts with a little past: much is known of some, and little of others."""
    return peers.sample(engine, traffic.take(3_000, SIMULATED).submissions, 500)


@pytest.mark.parametrize("make", EXPRESSIONS)
def test_what_is_written_means_the_same_in_their_languages(engine: Engine, asked: list[Asked], make: Any) -> None:
    # Given expressions that are hard to get right, and many that were made
    made = [rule.expression for rule in Analyst(engine.catalogue, MADE).rules(MADE)]
    expressions = [text for text in (*WRITTEN, *made) if "proxy_networks" not in text]  # they know no networks
    # When ours and theirs are asked
    other = make(parsed(engine, expressions), LISTS)
    ours, theirs = _ours(engine, expressions, asked), _theirs(engine, other, asked)
    # Then they agree on each of the transactions, and not because nothing ever fires
    different = [
        (expressions[place], peers.facts(engine, one))
        for one, mine, other_s in zip(asked, ours, theirs, strict=True)
        for place in set(mine) ^ set(other_s)
    ]
    assert different == []
    fired = {place for places in ours for place in places}
    assert len(fired & set(range(len(WRITTEN)))) > 12
    assert len(fired) > 60


@pytest.mark.parametrize("make", [*EXPRESSIONS, ZenTable])
def test_starter_rules_fire_alike(engine: Engine, asked: list[Asked], make: Any) -> None:
    # Given the starter rules in another engine
    other = make(peers.trees(engine), LISTS)
    # When both are asked
    ours = _ours(engine, [rule.expression for rule in engine.ruleset.rules], asked)
    # Then they say the same
    assert _theirs(engine, other, asked) == ours
    assert len({place for places in ours for place in places}) > 3


def test_a_peer_that_disagrees_is_not_timed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given one that never sees the last rule
    monkeypatch.setattr(ZenTable, "fired", lambda self, answer: [row["rule"] for row in answer][:-1])

    with pytest.raises(BenchmarkError, match="decision table"):
        peers.measure(traffic.take(2_500, SIMULATED).submissions, 1)


def _ours(engine: Engine, expressions: Sequence[str], asked: Sequence[Asked]) -> list[list[int]]:
    rules = tuple(
        Rule(f"RULE_{place}", "One", "One", expression, impact=1, level=Level.LOW)
        for place, expression in enumerate(expressions)
    )
    ruleset = msgspec.structs.replace(engine.ruleset, rules=rules)
    fired = compile_rules(ruleset, engine.catalogue, rulesets.lists()).fired
    return [fired(one.transaction, one.account, one.values, one.behaviour, math.nan) for one in asked]


def _theirs(engine: Engine, other: Other, asked: Sequence[Asked]) -> list[list[int]]:
    return [other.fired(other.ask(other.feed(peers.facts(engine, one)))) for one in asked]
