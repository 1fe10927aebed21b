"""The rules that are timed: as many as is said, the same each time, and neither idle nor everywhere."""

from collections import Counter
from pathlib import Path

import pytest
from benchmarks.analyst import Analyst

from benchmarks import rulesets, scoring, traffic
from riskengine.domain.decision import Verdict
from riskengine.scoring import Engine, Memory
from riskengine.scoring.rules import conjuncts
from tests.benchmarks.test_peers import parsed

SIMULATED = Path("nowhere")
"""A place without public data: rows are simulated, and have all fields."""

ROWS, EARLIER = 14_000, 10_000


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    """Simulated rows under 200 rules, on some past."""
    rows = [row.transaction for row in traffic.take(ROWS, SIMULATED).submissions]
    engine, memory = scoring.engines()[1], Memory()
    engine.score(rows[:EARLIER], memory)
    return engine.score(rows[EARLIER:], memory)


def test_there_are_20_and_200_over_at_least_60_features() -> None:
    few, many = scoring.engines()

    assert (len(few.rules), len(many.rules)) == (20, 200)
    assert len(few.catalogue.features) >= 60
    assert many.ruleset.rules[:20] == few.ruleset.rules
    assert len({rule.expression for rule in many.ruleset.rules}) > 190


def test_a_seed_makes_the_same_rules_each_time() -> None:
    catalogue = Engine.starter().catalogue

    assert Analyst(catalogue, 1).rules(50) == Analyst(catalogue, 1).rules(50) != Analyst(catalogue, 2).rules(50)


@pytest.mark.parametrize("seed", range(5))
def test_any_seed_makes_rules_that_compile(seed: int) -> None:
    engine = Engine.starter()
    made = Analyst(engine.catalogue, seed).rules(200)

    trees = parsed(engine, [rule.expression for rule in made])

    assert {min(len(conjuncts.of(tree)), 4) for tree in trees} == {1, 2, 3, 4}


def test_the_made_rules_fire_as_often_as_those_that_are_shipped(verdicts: list[Verdict]) -> None:
    # Given how often each rule fired
    fired = Counter(rule for verdict in verdicts for rule in verdict.rules)
    rates = [fired[rule.id] / len(verdicts) for rule in scoring.engines()[1].ruleset.rules]
    # When shipped and made ones are compared
    shipped, made = sum(rates[:17]) / 17, sum(rates[20:]) / 180
    # Then they are alike, some of the made ones fire, and none almost always
    assert shipped / 3 < made < shipped * 3
    assert sum(rate > 0 for rate in rates[20:]) > 30
    assert max(rates[20:]) < 0.5


def test_what_is_on_the_lists_is_found() -> None:
    lists = rulesets.lists()

    assert all(lists.size(name) == len(values) for name, values in rulesets.ENTRIES.items())
    assert lists.contains("watched_merchants")("97", 0)
    assert lists.contains("proxy_networks")("198.18.2.9", 0)
