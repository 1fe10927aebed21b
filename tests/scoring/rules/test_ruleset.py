"""Rule sets as data: what is read, what is refused, and that it is written as it was read."""

from datetime import UTC, datetime, timedelta, timezone
from importlib import resources
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskengine.domain.outcome import Level
from riskengine.scoring.rules import ruleset
from riskengine.scoring.rules.errors import RuleSetError
from riskengine.scoring.rules.rule import MOST_TAGS, Rule
from riskengine.scoring.rules.ruleset import MOST_RULES, RuleSet, Thresholds, Weights
from tests.scoring.stories import ENGINE

VALID = """
version: 3
weights: {rules: 0.5, behaviour: 0.3, model: 0.2}
weights_without_model: {rules: 0.6, behaviour: 0.4}
thresholds: {medium: 20, high: 40, critical: 60}
rules:
  - {id: RULE_A, name: A, description: A, expression: amount > 1, impact: 10, level: low}
"""

FULL = """version: 7
weights: {rules: 0.5, behaviour: 0.35, model: 0.15}
weights_without_model: {rules: 0.6, behaviour: 0.4}
thresholds: {medium: 20, high: 40, critical: 60.5}

rules:
  - id: RULE_A
    name: All there is
    description: 'Fires: rarely'
    expression: |-
      amount > 1  # as agreed
      and country == "DE"
    impact: 12.5
    level: high
    minimum_outcome: review
    mode: shadow
    reason: '{amount:.2f} from {country}'
    tags: [amount, place]
    valid_from: 2026-01-01T00:00:00Z
    valid_until: 2026-06-30T12:00:00.500000+02:00
  - id: RULE_B
    name: As little as there may be
    description: ''
    expression: amount > 2
    impact: 0
    level: low
"""


def test_a_rule_set_is_read() -> None:
    loaded = ruleset.load(VALID)

    assert (loaded.version, loaded.rules[0].id, loaded.thresholds.critical) == (3, "RULE_A", 60)
    assert [loaded.thresholds.level(score) for score in (0, 19.9, 20, 40, 60, 100)] == [
        Level.LOW, Level.LOW, Level.MEDIUM, Level.HIGH, Level.CRITICAL, Level.CRITICAL,
    ]  # fmt: skip


def test_all_fields_of_a_rule_are_read_and_written_as_they_were() -> None:
    loaded = ruleset.load(FULL)

    assert loaded.rules[0] == Rule(
        "RULE_A", "All there is", "Fires: rarely", 'amount > 1  # as agreed\nand country == "DE"', 12.5, Level.HIGH,
        "review", None, "shadow", "{amount:.2f} from {country}", ("amount", "place"),
        datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 30, 12, 0, 0, 500_000, timezone(timedelta(hours=2))),
    )  # fmt: skip
    assert loaded.rules[1].mode == "live"
    assert ruleset.dump(loaded) == FULL


def test_the_shipped_rules_are_written_as_they_are_read() -> None:
    dumped = ruleset.dump(ENGINE.ruleset)
    shipped = (resources.files("riskengine.scoring") / "data" / "starter_rules.yaml").read_text()

    assert ruleset.load(dumped) == ENGINE.ruleset
    assert ruleset.dump(ruleset.load(dumped)) == dumped
    assert all(rule.reason and rule.tags for rule in ENGINE.ruleset.rules)
    assert dumped.count("\n") < shipped.count("\n")


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
_moments = st.none() | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]))
_rules = st.builds(
    Rule,
    id=st.just("RULE_A"),
    name=_texts,
    description=_texts
    | st.sampled_from(["yes", "null", "~", "1", "2026-01-01", "a: b", "- a", "#", " a ", "a\n\n b ", "'\""]),
    expression=_texts,
    impact=st.floats(0, 100),
    level=st.sampled_from(Level),
    minimum_outcome=st.sampled_from([None, "review", "decline"]),
    maximum_outcome=st.sampled_from([None, "approve"]),
    mode=st.sampled_from(["live", "shadow", "off"]),
    reason=_texts,
    tags=st.lists(st.sampled_from(["a", "yes", "1", "no-1"]), max_size=3).map(tuple),
    valid_from=_moments,
)


@settings(max_examples=300, deadline=None)
@given(_rules)
def test_what_is_written_is_read_the_same(rule: Rule) -> None:
    made = RuleSet(1, Weights(0.5, 0.25, 0.25), Weights(0.6, 0.4), Thresholds(1e-7, 50.125, 99), (rule,))

    assert ruleset.load(ruleset.dump(made)) == made


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("model: 0.2", "model: 0.3", "weights: the weights of a score must add up to 1"),
        ("behaviour: 0.4", "behaviour: 0.3, model: 0.1", "without a model, the model has no weight"),
        ("high: 40", "high: 70", "thresholds: the thresholds must rise"),
        ("high: 40", "hihg: 40", "thresholds has no field `hihg`\n  did you mean `high`"),
        ("impact: 10", "impact: 101", "rule RULE_A: impact: .*<= 100"),
        ("impact: 10", "impact: .nan", "rule RULE_A: impact"),
        ("id: RULE_A", 'id: "a,b"', "rule a,b: id: .*matching regex"),
        ("id: RULE_A", "id: LIST_A", "rule LIST_A: ids that begin with LIST_ are those of lists"),
        ("id: RULE_A, ", "", r"rules\[0\] has no `id`"),
        ("level: low", "level: lowish", "rule RULE_A: level: .*lowish"),
        ("level: low", "level: low, minimum_outcome: approve", "rule RULE_A: minimum_outcome: .*approve"),
        ("level: low", "level: low, maximum_outcome: review", "rule RULE_A: maximum_outcome: .*review"),
        ("level: low", "level: low, mode: lvie", "rule RULE_A: mode: .*lvie"),
        ("level: low", "level: low, wieght: 3", "rule RULE_A: the rule has no field `wieght`"),
        ("level: low", "level: low, tags: [A b]", "rule RULE_A: tags: .*matching regex"),
        ("level: low", f"level: low, tags: [{'a, ' * (MOST_TAGS + 1)}]", f"rule RULE_A: tags: .*<= {MOST_TAGS}"),
        ("level: low", "level: low, valid_from: 2026-01-01", "rule RULE_A: valid_from: .*got `date`"),
        ("level: low", "level: low, valid_from: 2026-01-01 10:00:00", "rule RULE_A: valid_from: .*timezone"),
        ("level: low", "level: low, valid_from: 2026-13-01T00:00:00Z", "the rule set cannot be read: month"),
        (
            "level: low",
            "level: low, valid_from: 2026-01-02T00:00:00Z, valid_until: 2026-01-02T01:00:00+01:00",
            "rule RULE_A: valid_until is not after valid_from",
        ),
        ("name: A", f"name: {'a' * 101}", "rule RULE_A: name: .*<= 100"),
        ("description: A", f"description: {'a' * 501}", "rule RULE_A: description: .*<= 500"),
        ("rules:\n", f"rules:\n{VALID.splitlines()[-1]}\n", "rule RULE_A: there is another rule of this id"),
        ("rules:\n", "rules:\n  - 5\n", r"rules\[0\] must consist of fields, not of a int"),
        ("version: 3", "version: [", "the rule set cannot be read"),
        ("version: 3", "version: -1", "version: .*>= 0"),
        ("version: 3\n", "", "the rule set has no `version`"),
        ("version: 3", "version: 3\nlists: {}", "the rule set has no field `lists`"),
        (VALID, "5", "the rule set must consist of fields, not of a int"),
        (VALID, "[" * 5_000, "the rule set cannot be read"),
        (VALID, "&a [*a]", "the rule set must consist of fields, not of a row of values"),
        (VALID, "? [a]\n: 1", "the rule set"),
        (VALID, "!!python/object/apply:os.system [true]", "the rule set cannot be read"),
        (VALID, "a" * (ruleset.LARGEST_TEXT + 1), "bytes, 4194304 are allowed"),
    ],
)  # fmt: skip
def test_a_wrong_rule_set_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(RuleSetError, match=message):
        ruleset.load(VALID.replace(old, new))


def test_all_faults_are_named_at_once() -> None:
    wrong = VALID.replace("high: 40", "high: 70").replace("impact: 10", "impact: a").replace("level: low", "levle: low")

    with pytest.raises(RuleSetError) as caught:
        ruleset.load(wrong)

    assert [error.rule for error in caught.value.errors] == ["", "RULE_A", "RULE_A", "RULE_A"]
    assert str(caught.value).splitlines() == [
        "thresholds: the thresholds must rise from medium over high to critical",
        "rule RULE_A: the rule has no field `levle`",
        "  did you mean `level`?",
        "rule RULE_A: impact: Expected `float`, got `str`",
        "rule RULE_A: the rule has no `level`",
        "  write one",
    ]


def test_there_are_only_so_many_rules_in_a_set() -> None:
    one = VALID.splitlines()[-1]
    lines = [one.replace("RULE_A", f"RULE_{number}") for number in range(MOST_RULES + 1)]

    with pytest.raises(RuleSetError, match=f"there are {MOST_RULES + 1} rules, {MOST_RULES} are allowed"):
        ruleset.load(VALID.replace(one, "\n".join(lines)))

    assert len(ruleset.load(VALID.replace(one, "\n".join(lines[1:]))).rules) == MOST_RULES


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["version", "weights", "rules", "id", "tags", "impact"])
    return st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4)


@settings(max_examples=200, deadline=None)
@given(st.recursive(st.none() | st.text(max_size=5) | st.integers() | st.floats(), _nested, max_leaves=8))
def test_no_content_does_more_than_be_refused(value: Any) -> None:
    for text in (str(value), msgspec.json.encode(value), VALID.replace("A,", f"{value},")):
        try:
            ruleset.load(text)
        except RuleSetError as error:
            assert error.errors  # noqa: PT017 (that anything else is raised is what would be wrong)
