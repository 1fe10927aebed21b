"""Reasons that a person can read."""

from riskengine.domain.decision import Reason
from riskengine.scoring import explain
from tests.factories import transaction
from tests.scoring.stories import ENGINE, NOON, Story


def test_reasons_say_what_each_rule_saw_greatest_impact_first() -> None:
    # Given a payment from abroad, far above the usual
    story = Story().lives()
    made = transaction("alice", "20000.00", occurred_at=story.now, country="KP", device_id="stolen")
    verdict = ENGINE.score([made], story.memory)[0]

    found = explain.reasons(verdict, ENGINE, made)

    # Then there is one reason for each rule that fired, with values
    assert {reason.code for reason in found} == set(verdict.rules)
    assert [reason.impact for reason in found] == sorted((reason.impact for reason in found), reverse=True)
    by_code = {reason.code: reason for reason in found}
    assert by_code["RULE_HIGH_RISK_COUNTRY"].values == {"country": "KP"}
    assert by_code["RULE_CRITICAL_AMOUNT"] == Reason(
        "RULE_CRITICAL_AMOUNT", "The amount is above 10 000 in the base currency", 40, {"amount_base": 20000.0}
    )
    assert by_code["RULE_BEHAVIORAL_ANOMALY"].values == {"behaviour_score": verdict.parts.behaviour}


def test_fields_are_unknown_where_only_the_verdict_is_left() -> None:
    verdict = Story().pays("5.00", country="KP")

    (reason, *_) = explain.reasons(verdict, ENGINE)

    assert reason.values == {"country": None}


def test_a_sentence_says_outcome_score_and_why() -> None:
    story = Story()
    made = transaction("alice", "5.00", occurred_at=NOON, country="KP")
    verdict = ENGINE.score([made], story.memory)[0]

    text = explain.sentence(verdict, explain.reasons(verdict, ENGINE, made))

    assert text == (
        "Approved with a score of 36.8 (medium): The country is on the list of high-risk countries; "
        "The country is not the account's home country (rules 45, behaviour 25)."
    )


def test_a_sentence_without_reasons_says_so() -> None:
    verdict = Story().pays("5.00")

    assert (
        explain.sentence(verdict, []) == "Approved with a score of 10.2 (low): no rule fired (rules 0, behaviour 25)."
    )
