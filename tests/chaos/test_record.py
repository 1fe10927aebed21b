"""The client's record notices every word that contradicts another."""

from uuid import UUID

import pytest

from riskengine.chaos.record import MOST_REMEMBERED, Record, Told
from riskengine.chaos.traffic import Traffic

ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture
def record() -> Record:
    """A record of one payment that was sent."""
    record = Record(1)
    record.send(Traffic(1).next(0).payments[:1])
    return record


def test_what_is_not_acknowledged_is_unanswered(record: Record) -> None:
    (key,) = record.sent
    assert record.unanswered == [key]
    record.acknowledge(key, ONE)
    assert record.unanswered == []


def test_the_same_answer_twice_is_in_order(record: Record) -> None:
    (key,) = record.sent
    for _ in range(2):
        record.acknowledge(key, ONE)
        record.tell(ONE, Told(12.5, "approve"))
    assert record.contradictions == []


def test_another_transaction_for_a_key_is_a_contradiction(record: Record) -> None:
    (key,) = record.sent
    record.acknowledge(key, ONE)
    record.acknowledge(key, OTHER)
    assert len(record.contradictions) == 1
    assert record.acknowledged[key] == ONE


def test_another_decision_on_a_transaction_is_a_contradiction(record: Record) -> None:
    record.tell(ONE, Told(12.5, "approve"))
    record.tell(ONE, Told(12.5, "review"))
    assert len(record.contradictions) == 1


def test_old_payments_come_from_what_was_acknowledged(record: Record) -> None:
    (key,) = record.sent
    assert record.old() is None
    record.acknowledge(key, ONE)
    assert record.old() == record.sent[key]


def test_complaints_are_kept_up_to_a_bound(record: Record) -> None:
    for number in range(MOST_REMEMBERED + 5):
        record.refuse(f"400 {number}")
    assert len(record.refused) == MOST_REMEMBERED
