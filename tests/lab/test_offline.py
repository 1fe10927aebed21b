"""Offline decisions: by the engine itself, whatever the batches."""

from collections.abc import Iterator

import pytest

from riskengine.domain.outcome import Outcome
from riskengine.domain.transaction import Submission
from riskengine.lab import offline
from riskengine.lab.reading import Record
from riskengine.lab.simulator import Plan, Simulator
from riskengine.lab.tally import Quality, Tally
from riskengine.scoring import Engine, Memory


@pytest.fixture(scope="module")
def records() -> list[Record]:
    stream = enumerate(Simulator(Plan(customers=60, days=10, fraud_rate=0.1)).stream(), start=1)
    return [
        Record(n, Submission(one.transaction, str(n), bytes(16)), str(n), one.label, one.attack) for n, one in stream
    ]


def test_verdicts_are_those_of_the_engine_one_by_one(records: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    # Given batches of seven
    monkeypatch.setattr(offline, "BATCH", 7)
    engine, memory = Engine.starter(), Memory()

    # When records are scored
    scored = list(offline.score(iter(records), engine, Memory()))

    # Then each verdict is what the engine says of a single transaction
    for one in scored:
        [verdict] = engine.score([one.record.submission.transaction], memory)
        assert repr(one.verdict) == repr(verdict)
    assert [one.record for one in scored] == records


def test_a_tally_counts_each_decision_once(records: list[Record]) -> None:
    tally = Tally()
    scored = list(offline.score(iter(records), Engine.starter(), Memory()))

    for one in scored:
        tally.add(one)

    assert tally.total == tally.levels.total() == tally.outcomes.total() == tally.labels.total() == len(records)
    assert tally.rules.total() == sum(len(one.verdict.rules) for one in scored)
    assert tally.examples[Outcome.APPROVE].verdict.score == max(
        one.verdict.score for one in scored if one.verdict.outcome is Outcome.APPROVE
    )
    alerts = [one for one in scored if one.verdict.outcome is not Outcome.APPROVE]
    assert tally.quality(Outcome.REVIEW, Outcome.DECLINE) == Quality(
        alerts=len(alerts),
        frauds=sum(record.label == "fraud" for record in records),
        caught=sum(one.record.label == "fraud" for one in alerts),
    )


def test_the_starter_rules_notice_most_attacks_and_leave_most_customers_alone() -> None:
    # Given a month of a thousand customers, in which all attacks strike
    def records() -> Iterator[Record]:
        stream = Simulator(Plan(customers=400, days=30, fraud_rate=0.02)).stream()
        for number, one in enumerate(stream, start=1):
            yield Record(number, Submission(one.transaction, "", b""), str(number), one.label, one.attack)

    # When they are decided
    tally = Tally()
    for one in offline.score(records(), Engine.starter(), Memory()):
        tally.add(one)

    # Then
    quality = tally.quality(Outcome.REVIEW, Outcome.DECLINE)
    false_alarms = (quality.alerts - quality.caught) / tally.labels["legitimate"]
    assert false_alarms < 0.05
    assert quality.recall is not None
    assert quality.recall > 0.3
    noticed = {name: 1 - outcomes[Outcome.APPROVE] / outcomes.total() for name, outcomes in tally.attacks.items()}
    assert all(share > 0.3 for name, share in noticed.items() if name != "slow_drip")


def test_quality_of_nothing_is_none() -> None:
    assert Tally().quality(Outcome.DECLINE) == Quality(alerts=0, frauds=0, caught=0)
    assert Quality(0, 0, 0).precision is None
    assert Quality(0, 0, 0).recall is None
