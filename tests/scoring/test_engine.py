"""The engine as a whole: each level is reached, and neither batches, processes nor the path change a verdict."""

import os
import subprocess
import sys
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskengine.domain.account import Account
from riskengine.domain.clock import DAY, HOUR, MINUTE
from riskengine.domain.decision import Verdict
from riskengine.domain.outcome import Level, Outcome
from riskengine.domain.transaction import Transaction
from riskengine.scoring import Engine, History, Memory
from riskengine.scoring.rules.rule import Rule
from tests.factories import transaction
from tests.scoring.stories import ALICE, ENGINE, HORIZON, NOON, PLACE, Story, arrivals, past

TAKEOVER = {"location": "Pyongyang", "latitude": 39.0, "longitude": 125.7, "country": "KP"}


def ordinary() -> Verdict:
    return Story().lives().pays("42.00", merchant="baker", device_id="phone", channel="pos", **PLACE)


def splurge() -> Verdict:
    return Story().lives().pays("700.00", merchant="jeweller", device_id="phone", channel="pos", **PLACE)


def splurge_on_a_new_device() -> Verdict:
    return Story().lives().pays("600.00", merchant="baker", device_id="tablet", channel="online", **PLACE)


def takeover() -> Verdict:
    story = Story().lives()
    story.pays("1.00", merchant="probe", device_id="stolen", channel="online", **TAKEOVER)
    return story.pays("12000.00", after=MINUTE, merchant="gold", device_id="stolen2", channel="online", **TAKEOVER)


@pytest.mark.parametrize(
    ("told", "level", "outcome"),
    [
        (ordinary, Level.LOW, Outcome.APPROVE),
        (splurge, Level.MEDIUM, Outcome.APPROVE),
        (splurge_on_a_new_device, Level.HIGH, Outcome.REVIEW),
        (takeover, Level.CRITICAL, Outcome.DECLINE),
    ],
)
def test_every_level_is_reached(told: object, level: Level, outcome: Outcome) -> None:
    verdict = told()  # type: ignore[operator]

    assert (verdict.level, verdict.outcome) == (level, outcome), verdict


def test_a_score_is_what_its_parts_give() -> None:
    verdict = takeover()
    parts = verdict.parts

    assert (parts.rules_weight, parts.behaviour_weight, parts.model_weight, parts.model) == (0.59, 0.41, 0.0, None)
    assert verdict.score == pytest.approx(0.59 * parts.rules + 0.41 * parts.behaviour, abs=1e-4)
    assert (verdict.versions.ruleset, verdict.versions.catalogue, verdict.versions.rates) == (1, 1, 1)


def test_one_decisive_rule_blocks_alone() -> None:
    # Given a rule set with one rule of hardly any impact, but a minimum outcome
    rule = Rule("RULE_SANCTIONED", "Sanctioned", "", 'beneficiary in ("mule",)', 1.0, Level.CRITICAL, "decline")
    engine = Engine(
        ENGINE.catalogue, msgspec.structs.replace(ENGINE.ruleset, rules=(rule,)), ENGINE.rates, ENGINE.lists
    )

    verdict = Story(engine=engine).pays("1.00", beneficiary="mule")

    assert (verdict.score, verdict.level, verdict.outcome) == (70.0, Level.CRITICAL, Outcome.DECLINE)


@settings(max_examples=25, deadline=None)
@given(arrivals(most=25), st.sampled_from([1, 7]))
def test_batches_change_nothing(transactions: list[Transaction], size: int) -> None:
    # Given several accounts' transactions, in an order in which some come late
    spread = [msgspec.structs.replace(t, account_id=f"a{place % 3}") for place, t in enumerate(transactions)]
    whole, cut = Memory(), Memory()

    # When they are scored at once, and in batches with all that is remembered going through bytes in between
    at_once = ENGINE.score(spread, whole)
    in_batches: list[Verdict] = []
    for start in range(0, len(spread), size):
        in_batches += ENGINE.score(spread[start : start + size], cut)
        cut.histories = {a: History.from_bytes(h.to_bytes()) for a, h in cut.histories.items()}

    # Then verdicts and memory are the same, bit for bit
    assert msgspec.msgpack.encode(in_batches) == msgspec.msgpack.encode(at_once)
    assert (cut.histories, cut.shared, cut.peers) == (whole.histories, whole.shared, whole.peers)


@settings(max_examples=25, deadline=None)
@given(arrivals(most=25))
def test_a_rebuilt_history_gives_the_same_verdict(transactions: list[Transaction]) -> None:
    *earlier, last = transactions
    live = Memory(histories={"alice": History.empty(ALICE, HORIZON)})
    decided = ENGINE.score(earlier, live)
    rebuilt = Memory({"alice": ENGINE.remember(ALICE, past(earlier, decided), len(earlier))}, live.shared, live.peers)

    verdicts = [ENGINE.score([last], memory)[0] for memory in (live, rebuilt)]

    assert msgspec.msgpack.encode(verdicts[0]) == msgspec.msgpack.encode(verdicts[1])


def test_another_process_gives_the_same_verdicts() -> None:
    """Nothing may depend on the hashes of this process, or on its order of sets."""
    script = (
        "from tests.scoring.test_engine import takeover, splurge\n"
        "for v in (takeover(), splurge()): print(v.score, v.parts, v.rules, v.features)"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.getcwd()},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(printed) == 1
    assert "RULE_CRITICAL_AMOUNT" in printed.pop()


def test_a_memory_holds_what_a_batch_added() -> None:
    # Given two payments of one account, one of them without a rate
    memory = Memory()
    made = [
        transaction("bob", "10.00", occurred_at=NOON, device_id="d", ip="10.0.0.1"),
        transaction("bob", "10.00", occurred_at=NOON + 1, currency="XXX", beneficiary="b"),
    ]

    ENGINE.score(made, memory)

    # Then it has the history, the shared sets, and names the slot of the one that has an amount
    assert list(memory.histories) == ["bob"]
    assert memory.histories["bob"].sequence == 2
    assert [(key, list(members.values())) for key, members in memory.shared.items()] == [
        ("device:d", [NOON]),
        ("ip:10.0.0.1", [NOON]),
        ("beneficiary:b", [NOON + 1]),
    ]
    assert [type_ for _, _, type_ in memory.slots] == ["unknown"]


def test_a_memory_takes_over_another() -> None:
    one, other = Memory(), Memory()
    ENGINE.score([transaction("bob", occurred_at=NOON)], other)

    one.replace(other)

    assert one == other


def test_an_unknown_account_is_scored_with_what_is_assumed_of_it() -> None:
    memory = Memory()

    verdict = ENGINE.score([transaction("nobody", "10.00", occurred_at=NOON + HOUR)], memory)[0]

    assert verdict.level is Level.LOW
    assert memory.histories["nobody"].account == Account("nobody")


def test_a_late_transaction_sees_nothing_of_what_came_after_it() -> None:
    # Given a story, and the same with later payments already known
    early, late = Story().lives(3), Story().lives(3)
    at = early.now
    late.pays("900.00", after=HOUR, location="elsewhere", device_id="other", merchant="other")

    made = transaction("alice", "40.00", occurred_at=at, **PLACE)
    verdicts = [ENGINE.score([made], story.memory)[0] for story in (early, late)]

    assert list(map(repr, verdicts[0].features)) == list(map(repr, verdicts[1].features))
    assert verdicts[0].score == verdicts[1].score


def test_amounts_of_any_size_and_age_are_scored() -> None:
    memory = Memory(histories={"alice": History.empty(ALICE, HORIZON)})
    amounts = ["0.01", "9999999999999.99", "0.0001", "10000000000000"]
    made = [
        transaction(
            "alice", str(Decimal(amount)), occurred_at=at, latitude=-90.0, longitude=180.0, location="\U0001f600"
        )
        for amount in amounts
        for at in (0, NOON, NOON - 400 * DAY)
    ]

    verdicts = ENGINE.score(made, memory)

    assert all(0 <= verdict.score <= 100 for verdict in verdicts)
