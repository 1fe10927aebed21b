"""What decisions turn out to be is counted once each, under names that are not too many."""

import pytest
from msgspec import structs
from prometheus_client import REGISTRY

from riskengine.domain.decision import Decision
from riskengine.pipeline import tallies
from tests import factories


def _decision(score: float, *rules: str, shadow: tuple[str, ...] = ()) -> Decision:
    made = factories.decision(factories.transaction(), 1, score)
    return structs.replace(made, verdict=structs.replace(made.verdict, rules=rules, shadow=shadow))


def _value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_outcomes_scores_and_rules_are_counted() -> None:
    below, all_ = _value("riskengine_score_bucket", le="25.0"), _value("riskengine_score_count")
    made = [_decision(25, "A", "B"), _decision(26, "A", shadow=("S",))]
    outcome = made[0].verdict.outcome
    decided = _value("riskengine_decided_total", outcome=outcome)

    tallies.note(made)

    assert _value("riskengine_decided_total", outcome=outcome) == decided + 2
    assert (_value("riskengine_score_bucket", le="25.0"), _value("riskengine_score_count")) == (below + 1, all_ + 2)
    assert [_value("riskengine_rule_fired_total", rule=rule) for rule in ("A", "B", "S")] == [2, 1, 0]
    assert _value("riskengine_rule_shadow_fired_total", rule="S") == 1


def test_rules_beyond_the_most_share_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given as many rules as are named, whichever those are
    tallies.note([_decision(1, "FIRST")])
    monkeypatch.setattr(tallies, "MOST_RULES", 1)
    others = _value("riskengine_rule_fired_total", rule=tallies.OTHERS)
    # When more of them fire
    tallies.note([_decision(1, "LATE_1", "LATE_2", "FIRST")])
    # Then those that had a name keep it, and the new ones are counted together
    assert _value("riskengine_rule_fired_total", rule="FIRST") == 2
    assert _value("riskengine_rule_fired_total", rule=tallies.OTHERS) == others + 2
    assert REGISTRY.get_sample_value("riskengine_rule_fired_total", {"rule": "LATE_1"}) is None
