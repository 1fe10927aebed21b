"""Rule sets as data: what is refused."""

import pytest

from riskengine.domain.errors import ConfigurationError
from riskengine.domain.outcome import Level
from riskengine.scoring.rules import ruleset

VALID = """
version: 3
weights: {rules: 0.5, behaviour: 0.3, model: 0.2}
weights_without_model: {rules: 0.6, behaviour: 0.4}
thresholds: {medium: 20, high: 40, critical: 60}
rules:
  - {id: RULE_A, name: A, description: A, expression: amount > 1, impact: 10, level: low}
"""


def test_a_rule_set_is_read() -> None:
    loaded = ruleset.load(VALID)

    assert (loaded.version, loaded.rules[0].id, loaded.thresholds.critical) == (3, "RULE_A", 60)
    assert [loaded.thresholds.level(score) for score in (0, 19.9, 20, 40, 60, 100)] == [
        Level.LOW, Level.LOW, Level.MEDIUM, Level.HIGH, Level.CRITICAL, Level.CRITICAL,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("model: 0.2", "model: 0.3", "must add up to 1"),
        ("behaviour: 0.4", "behaviour: 0.3, model: 0.1", "without a model"),
        ("high: 40", "high: 70", "must rise"),
        ("impact: 10", "impact: 101", "impact"),
        ("id: RULE_A", 'id: "a,b"', r"rule a,b: id: .*matching regex"),
        ("level: low", "level: lowish", "level"),
        ("level: low", "level: low, minimum_outcome: approve", "minimum_outcome"),
        ("level: low", "level: low, wieght: 3", "wieght"),
        ("rules:\n", f"rules:\n{VALID.splitlines()[-1]}\n", "there is another rule of this id"),
        ("version: 3", "version: [", "cannot be read"),
    ],
)  # fmt: skip
def test_a_wrong_rule_set_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ruleset.load(VALID.replace(old, new))
