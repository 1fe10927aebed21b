"""Reasons that a person can read."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from riskengine.domain.account import Account
from riskengine.domain.clock import HOUR, MINUTE
from riskengine.domain.decision import Reason, Verdict
from riskengine.domain.errors import NotFound
from riskengine.domain.outcome import Level
from riskengine.domain.transaction import Transaction
from riskengine.scoring import Engine, explain, wording
from riskengine.scoring.lists import Lists, Snooze
from riskengine.scoring.rules.rule import Rule
from tests.factories import transaction
from tests.scoring.stories import ALICE, ENGINE, NOON, PLACE, Story

USUAL = {"merchant": "baker", "device_id": "phone", "channel": "pos", **PLACE}


class FakeModel:
    """A model that always says the same; None: it has no score."""

    version = 5

    def __init__(self, score: float | None, influences: Sequence[tuple[str, float]] = ()) -> None:
        self._score = score
        self._influences = influences

    def score(self, vectors: Sequence[Sequence[float]]) -> list[float | None]:
        return [self._score] * len(vectors)

    def influences(self, vector: Sequence[float]) -> Sequence[tuple[str, float]]:
        return self._influences


def engine(*rules: Rule, model: FakeModel | None = None, lists: Lists = ENGINE.lists) -> Engine:
    """The starter engine with these rules alone."""
    ruleset = msgspec.structs.replace(ENGINE.ruleset, version=9, rules=rules)
    return Engine(ENGINE.catalogue, ruleset, ENGINE.rates, lists, model)


def rule(id_: str = "ANY", impact: float = 10.0, **said: Any) -> Rule:
    """A rule that fires for every amount above 10, unless it says otherwise."""
    return Rule(id_, id_.lower(), f"{id_} fired", said.pop("expression", "amount > 10"), impact, Level.LOW, **said)


def decided(by: Engine, amount: str = "42.00", days: int = 21, **fields: Any) -> tuple[Verdict, Transaction]:
    """A payment of alice after some days of small ones at noon, and the verdict on it."""
    story = Story(engine=by).lives(days)
    after = fields.pop("after", 0)
    made = transaction("alice", amount, occurred_at=story.now + after, **{**USUAL, **fields})
    return by.score([made], story.memory)[0], made


def by_part(reasons: Sequence[Reason], part: str) -> dict[str, Reason]:
    return {reason.code: reason for reason in reasons if reason.part == part}


def test_reasons_say_what_each_rule_saw_greatest_impact_first() -> None:
    # Given a payment from abroad, far above the usual
    verdict, made = decided(ENGINE, "20000.00", country="KP", device_id="stolen")

    found = explain.reasons(verdict, ENGINE, made)

    # Then there is one reason for each rule that fired, with values
    rules = by_part(found, "rules")
    assert set(rules) == set(verdict.rules)
    assert [reason.impact for reason in rules.values()] == sorted((r.impact for r in rules.values()), reverse=True)
    assert rules["RULE_HIGH_RISK_COUNTRY"].values == {"country": "KP"}
    assert rules["RULE_CRITICAL_AMOUNT"].values == {"amount_base": 20000.0}
    assert rules["RULE_BEHAVIORAL_ANOMALY"].values == {"behaviour_score": verdict.parts.behaviour}
    # And rules come before habits
    assert [reason.part for reason in found] == ["rules"] * len(rules) + ["behaviour"] * (len(found) - len(rules))


def test_values_of_fields_and_attributes_are_those_of_transaction_and_account() -> None:
    reading = rule(
        expression='amount > 10 and card_bin != "4" and account_type == "personal" and home_country == "BE" '
        'and account_status == "active" and account_id == "alice"'
    )
    used = engine(reading)
    verdict, made = decided(used, "42.50", card_bin="411111")

    (known,) = by_part(explain.reasons(verdict, used, made, ALICE), "rules").values()
    (unknown,) = by_part(explain.reasons(verdict, used), "rules").values()

    assert known.values == {
        "amount": 42.5,
        "card_bin": "411111",
        "account_type": "personal",
        "home_country": "BE",
        "account_status": "active",
        "account_id": "alice",
    }
    assert unknown.values == {**dict.fromkeys(known.values), "account_id": "alice"}


def test_a_rule_says_its_reason_with_the_values_it_saw() -> None:
    used = engine(rule(reason="{amount:,.2f} {currency} from {country}; {account_type}; {behaviour_score:.0f}"))
    verdict, made = decided(used, "1234.50", country=None)

    (reason,) = by_part(explain.reasons(verdict, used, made, Account("alice", type="business")), "rules").values()

    assert reason.description == f"1,234.50 EUR from unknown; business; {verdict.parts.behaviour:.0f}"


def test_rules_that_settle_the_outcome_come_first() -> None:
    used = engine(rule("LARGE", 40.0), rule("SETTLES", 0.0, minimum_outcome="decline"))
    verdict, made = decided(used)

    found = explain.reasons(verdict, used, made)

    assert [reason.code for reason in found][:2] == ["SETTLES", "LARGE"]
    assert "; lifted from " in explain.sentence(verdict, found)


def test_an_outcome_that_was_lowered_says_so() -> None:
    used = engine(rule("LARGE", 100.0), rule("ALLOWS", 0.0, maximum_outcome="approve"))
    verdict, made = decided(used)

    assert "; lowered from " in explain.sentence(verdict, explain.reasons(verdict, used, made))


def test_points_are_what_was_given_to_the_score() -> None:
    # Given impacts above what counts, habits, and a model
    used = engine(rule("ONE", 90.0), rule("TWO", 60.0), model=FakeModel(80.0, [("amount_base", 70.0), ("hour", 3.0)]))
    verdict, made = decided(used, "400.00", after=HOUR * 5, device_id="stolen")
    parts = verdict.parts
    # When they are explained
    found = explain.reasons(verdict, used, made)
    # Then the rules' points add up to what the rules gave
    rules, habits, features = (by_part(found, part) for part in ("rules", "behaviour", "model"))
    assert sum(reason.points for reason in rules.values()) == pytest.approx(100 * parts.rules_weight, abs=0.02)
    # And habits and features have theirs, by the weights
    for reasons, weight in ((habits, parts.behaviour_weight), (features, parts.model_weight)):
        assert [reason.points for reason in reasons.values()] == pytest.approx(
            [reason.impact * weight for reason in reasons.values()], abs=0.01
        )
    assert set(habits) == {"BEHAVIOUR_AMOUNT", "BEHAVIOUR_HOUR", "BEHAVIOUR_DEVICE"}


@pytest.mark.parametrize(
    ("unusual", "code", "text"),
    [
        (
            {"amount": "400.00"},
            "BEHAVIOUR_AMOUNT",
            "standard deviations above what is usual for the account (about 4",
        ),
        ({"after": 12 * HOUR}, "BEHAVIOUR_HOUR", "0% of the account's transactions of 30 days were near this time"),
        ({"location": "Paris"}, "BEHAVIOUR_PLACE", "The location is new to the account in 7 days; different ones in"),
        ({"country": "FR"}, "BEHAVIOUR_PLACE", "The country is new to the account in 30 days; different ones in 7 da"),
        ({"device_id": "stolen"}, "BEHAVIOUR_DEVICE", "The device is new to the account in 30 days; different ones"),
    ],
)
def test_habits_that_moved_the_score_are_named(unusual: dict[str, Any], code: str, text: str) -> None:
    verdict, made = decided(engine(), **unusual)

    (first, *_) = explain.reasons(verdict, engine(), made)

    assert (first.code, first.part) == (code, "behaviour")
    assert text in first.description
    assert first.impact > 5


def test_a_burst_and_a_weekday_are_named() -> None:
    story = Story(engine=engine())
    for _ in range(12):
        story.pays("42.00", after=MINUTE, **USUAL)
    burst = explain.reasons(story.pays("42.00", after=MINUTE, **USUAL), engine())
    weekday = explain.reasons(story.pays("42.00", after=24 * HOUR, **USUAL), engine())

    assert "It is number 13 within an hour, of an account that had 12 in 30 days" in [one.description for one in burst]
    assert by_part(weekday, "behaviour")["BEHAVIOUR_WEEKDAY"].description.startswith("0% of the account's transactions")


def test_no_more_than_three_habits_are_named_and_none_that_gave_little() -> None:
    much, made = decided(engine(), "400.00", after=12 * HOUR, location="Paris", country="FR", device_id="stolen")
    little, usual = decided(engine(), "41.00")

    found = explain.reasons(much, engine(), made)

    assert [reason.part for reason in found] == ["behaviour"] * 3
    assert [reason.impact for reason in found] == sorted((reason.impact for reason in found), reverse=True)
    assert explain.reasons(little, engine(), usual) == []


def test_an_account_without_a_past_has_peers_to_be_compared_with() -> None:
    # Given 40 peers who pay small amounts
    story = Story(engine=engine())
    peers = [transaction(f"peer-{n}", "40.00", occurred_at=NOON) for n in range(40)]
    engine().score(peers, story.memory)
    made = transaction("stranger", "40000.00", occurred_at=NOON)

    (reason,) = explain.reasons(engine().score([made], story.memory)[0], engine(), made)

    assert reason.description.endswith("above what is usual for accounts of its type (about 40 EUR)")


def test_features_that_moved_the_model_are_named() -> None:
    moved = [("amount_base", 30.5), ("count_1h", -12.25), ("account_age_days", 4.0), ("hour", 3.0)]
    used = engine(model=FakeModel(61.0, moved))
    verdict, made = decided(used, "12345.60")

    found = by_part(explain.reasons(verdict, used, made), "model")

    weight = verdict.parts.model_weight
    text = "Amount in the base currency: 12 345.6, which raised the model's score by 30.5"
    assert list(found) == ["MODEL_AMOUNT_BASE", "MODEL_COUNT_1H", "MODEL_ACCOUNT_AGE_DAYS"]
    assert found["MODEL_AMOUNT_BASE"] == Reason(
        "MODEL_AMOUNT_BASE", text, 30.5, {"amount_base": 12345.6}, "model", round(30.5 * weight, 2)
    )
    assert found["MODEL_COUNT_1H"].description.endswith(": 0, which lowered the model's score by 12.2")
    assert found["MODEL_ACCOUNT_AGE_DAYS"].values["account_age_days"] == pytest.approx(421)


def test_features_that_hardly_moved_the_model_are_not_named() -> None:
    used = engine(model=FakeModel(61.0, [("hour", 0.99)]))
    verdict, made = decided(used)

    assert by_part(explain.reasons(verdict, used, made), "model") == {}


def test_a_model_that_had_no_say_is_a_note_and_names_no_features() -> None:
    used = engine(model=FakeModel(None, [("hour", 50.0)]))
    verdict, made = decided(used)

    found = explain.reasons(verdict, used, made)

    assert [(reason.code, reason.part, reason.points) for reason in found] == [("DEGRADED_MODEL", "note", 0.0)]
    assert "; the model had no say: it was late, absent or broken" in explain.sentence(verdict, found)


def test_a_missing_exchange_rate_is_a_note_that_names_the_currency() -> None:
    verdict, made = decided(engine(), currency="XXX")

    (known,) = by_part(explain.reasons(verdict, engine(), made), "note").values()
    (unknown,) = by_part(explain.reasons(verdict, engine()), "note").values()

    assert (known.code, known.values) == ("RATE_MISSING", {"currency": "XXX"})
    assert known.description.startswith(f"There is no exchange rate for XXX in table {ENGINE.rates.version}, so that")
    assert unknown.values == {"currency": None}
    assert "RATE_MISSING" not in by_part(explain.reasons(*_reversed(decided(engine()))), "note")


def test_rules_that_did_not_count_are_apart() -> None:
    # Given a rule in shadow mode, one that is snoozed for alice, and one that counts
    snoozed = Lists(3, snoozes=[Snooze("SNOOZED", "account_id", "alice", 2**60)])
    shadow = rule("SHADOW", 90.0, mode="shadow", reason="saw {amount}")
    used = engine(shadow, rule("SNOOZED", 80.0), rule("COUNTS"), lists=snoozed)
    verdict, made = decided(used)
    # When the verdict is explained
    counted, apart = explain.reasons(verdict, used, made), explain.shadows(verdict, used, made)
    # Then only the one that counts is among the reasons
    assert list(by_part(counted, "rules")) == ["COUNTS"]
    # And the others say why they did not
    assert [(one.code, one.impact, one.points) for one in apart] == [("SHADOW", 90.0, 0.0), ("SNOOZED", 80.0, 0.0)]
    assert [one.description for one in apart] == [
        "saw 42 (not counted: in shadow mode)",
        "SNOOZED fired (not counted: snoozed)",
    ]


def test_an_engine_of_other_rules_cannot_explain() -> None:
    verdict, made = decided(engine(rule("GONE")))

    with pytest.raises(NotFound, match="rule 'GONE' is not in rule set 9"):
        explain.reasons(verdict, engine(), made)


def test_a_sentence_says_outcome_score_and_why() -> None:
    made = transaction("alice", "5.00", occurred_at=NOON, country="KP")
    verdict = ENGINE.score([made], Story().memory)[0]

    text = explain.sentence(verdict, explain.reasons(verdict, ENGINE, made))

    assert text.startswith("Approved with a score of 36.8 (medium): ")
    assert text.endswith("(rules 45, behaviour 25).")


def test_a_sentence_names_habits_and_features() -> None:
    used = engine(model=FakeModel(61.0, [("amount_base", 30.5), ("count_1h", -12.25)]))
    verdict, made = decided(used, "400.00", device_id="stolen")

    text = explain.sentence(verdict, explain.reasons(verdict, used, made))

    start = f"Approved with a score of {verdict.score:.1f} (low): no rule fired; unusual for the account: the amount, "
    assert text.startswith(f"{start}the device; the model looked at amount_base, count_1h (rules 0, behaviour ")
    assert text.endswith(", model 61).")


def test_a_sentence_does_not_call_unusual_what_is_hardly_so() -> None:
    verdict, made = decided(engine(), days=20)

    found = explain.reasons(verdict, engine(), made)

    assert [(reason.code, reason.impact < explain.NOTABLE_POINTS) for reason in found] == [("BEHAVIOUR_WEEKDAY", True)]
    assert "unusual" not in explain.sentence(verdict, found)


def test_a_sentence_without_reasons_says_so() -> None:
    verdict = Story().pays("5.00")

    assert (
        explain.sentence(verdict, []) == "Approved with a score of 10.2 (low): no rule fired (rules 0, behaviour 25)."
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (7.0, "7"),
        (1234567.0, "1 234 567"),
        (1234.5, "1 234.5"),
        (-1234.567, "-1 234.57"),
        (0.012345, "0.0123"),
    ],
)
def test_numbers_are_written_as_people_read_them(number: float, text: str) -> None:
    assert wording.number(number) == text


def _reversed(pair: tuple[Verdict, Transaction]) -> tuple[Verdict, Engine, Transaction]:
    return pair[0], engine(), pair[1]
