"""Reasons: the values that a rule saw, in the words of its author."""

import math

import msgspec
import pytest

from riskengine.scoring.rules import reasons
from tests.scoring.rules.compiling import NAMES, rule
from tests.scoring.stories import ENGINE

SEEN = {"amount_base": 12345.678, "count_1h": 3.0, "hour_share_30d": 0.0312, "country": "DE", "merchant": None}
SEEN |= {"mean_30d": math.nan, "peer_zscore": -2.5, "std_30d": 1e300}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{count_1h} in 1 h", "3 in 1 h"),
        ("{amount_base} or {amount_base:.2f} or {amount_base:,.0f}", "12345.68 or 12345.68 or 12,346"),
        ("{hour_share_30d} is {hour_share_30d:.0%}, from {country}", "0.0312 is 3%, from DE"),
        ("{peer_zscore} and {merchant} and {mean_30d:.2f}", "-2.5 and unknown and unknown"),
        ("{{{country}}}", "{DE}"),
        ("nothing to show", "nothing to show"),
        ("{std_30d:.0f}", f"{1e300:.0f}"),
        ("", "as described"),
    ],
)
def test_a_reason_shows_values(template: str, text: str) -> None:
    made = msgspec.structs.replace(rule("amount > 1", reason=template), description="as described")

    assert not list(reasons.faults(made, NAMES))
    assert reasons.render(made, SEEN) == text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            "{amont_base}",
            "rule RULE_0, column 2: in the reason, nothing is called `amont_base`\n    {amont_base}\n     ^^^^",
        ),
        ("{amont_base}", "^\n  did you mean `amount_base`?"),
        ("see {}", "rule RULE_0: in the reason, `{}` is no name in brackets"),
        ("{country.upper}", "`{country.upper}` is no name"),
        ("{country[0]}", "is no name"),
        ("{0}", "is no name"),
        ("{country!r}", "`{country!r}` is no name"),
        ("{country:.2f}", "`country` cannot be written as `.2f`"),
        ("{amount:>99999999}", "`amount` cannot be written as `>99999999`"),
        ("{amount:{country}}", "cannot be written as"),
        ("{amount", "in the reason, expected '}'"),
        ("amount}", "in the reason, Single '}'"),
        ("{__class__}", "nothing is called `__class__`"),
    ],
)
def test_a_wrong_reason_is_refused(template: str, message: str) -> None:
    (error,) = reasons.faults(rule("amount > 1", reason=template), NAMES)

    assert message in str(error)


def test_all_faults_of_a_reason_are_named() -> None:
    found = list(reasons.faults(rule("amount > 1", reason="{amont} {country:.1f} {amount}"), NAMES))

    assert [error.column for error in found] == [2, 10]


def test_a_reason_reads_names_once() -> None:
    assert reasons.reads(rule("amount > 1", reason="{amount} {{x}} {country} {amount:.2f}")) == ("amount", "country")


def test_the_shipped_reasons_can_be_shown() -> None:
    seen = dict.fromkeys(NAMES, 1.0) | {name: "x" for name, known in NAMES.items() if known.kind == "text"}

    for shipped in ENGINE.ruleset.rules:
        assert "unknown" not in reasons.render(shipped, seen)
        assert reasons.render(shipped, {})
