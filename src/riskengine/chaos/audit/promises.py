"""Accepted is durable, decided once, and what it was said to be: the client's record against what PostgreSQL holds."""

from collections import Counter
from collections.abc import Iterator, Set
from hashlib import blake2b
from uuid import UUID

from riskengine.chaos.audit.findings import Check
from riskengine.chaos.audit.holdings import Decided, Holdings, Stored
from riskengine.chaos.record import Record


def checks(record: Record, holdings: Holdings, poison: Set[UUID]) -> list[Check]:
    """All checks of what was sent; `poison` are transactions that chaos stored itself."""
    acknowledged = set(record.acknowledged.values())
    stored = Counter(one.transaction_id for one in holdings.stored)
    decided = Counter(one.transaction_id for one in holdings.decided)
    keys = [one for one in holdings.stored if one.transaction_id not in poison]
    return [
        Check.of("every payment sent is acknowledged in the end", len(record.sent), record.unanswered),
        Check.of("answers agree with each other", sum(record.answers.values()), record.contradictions),
        Check.of("no answer is one that should not be", sum(record.answers.values()), record.refused),
        Check.of("acknowledged is stored, once", len(acknowledged), _not_once(acknowledged, stored, "stored")),
        Check.of("acknowledged is decided, once", len(acknowledged), _not_once(acknowledged, decided, "decided")),
        Check.of(
            "nothing is stored or decided that was not acknowledged",
            len(stored),
            (f"{one}" for one in (stored.keys() | decided.keys()) - acknowledged - poison),
        ),
        Check.of("each key stands for the transaction it was answered with", len(keys), _wrong_keys(record, keys)),
        Check.of("what is stored is what was sent", len(keys), _altered(record, keys)),
        Check.of("decisions told are those stored", len(record.told), _told_otherwise(record, holdings.decided)),
        Check.of("accounts' decisions are numbered without a gap", len(decided), _gaps(holdings.decided)),
    ]


def _not_once(acknowledged: Set[UUID], rows: Counter[UUID], verb: str) -> Iterator[str]:
    for one in acknowledged:
        if rows[one] != 1:
            yield f"{one} is {verb} {rows[one]} times"


def _wrong_keys(record: Record, stored: list[Stored]) -> Iterator[str]:
    met: set[str] = set()
    for one in stored:
        if one.key in met:
            yield f"{one.key} is the key of several transactions"
        met.add(one.key)
        answered = record.acknowledged.get(one.key)
        if answered != one.transaction_id:
            yield f"{one.key} is the key of {one.transaction_id}, and was answered with {answered}"
        if one.digest != UUID(bytes=blake2b(one.key.encode(), digest_size=16).digest()):
            yield f"{one.key} does not lead to {one.transaction_id}"


def _altered(record: Record, stored: list[Stored]) -> Iterator[str]:
    for one in stored:
        if one.key in record.sent:
            sent = record.sent[one.key].transaction
            wanted = (sent.account_id, sent.amount, sent.currency, sent.occurred_at)
            found = (one.account_id, one.amount, one.currency, one.occurred_at)
            if found != wanted:
                yield f"{one.transaction_id} is stored with {found}, and was sent with {wanted}"


def _told_otherwise(record: Record, decided: list[Decided]) -> Iterator[str]:
    found = {one.transaction_id: (one.score, one.outcome) for one in decided}
    for transaction_id, told in record.told.items():
        if found.get(transaction_id) != (told.score, told.outcome):
            yield f"{transaction_id} was told {told}, and is stored with {found.get(transaction_id)}"


def _gaps(decided: list[Decided]) -> Iterator[str]:
    """Each account's sequence counts 1, 2, 3 up to its fence."""
    last: dict[str, int] = {}
    fences = {one.account_id: one.fence for one in decided}
    for one in decided:
        if one.sequence != last.get(one.account_id, 0) + 1:
            yield f"{one.account_id} goes on from {last.get(one.account_id, 0)} with {one.sequence}"
        last[one.account_id] = one.sequence
    for account_id, fence in fences.items():
        if fence != last[account_id]:
            yield f"{account_id} has a fence at {fence}, and decisions up to {last[account_id]}"
