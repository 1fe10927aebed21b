"""Storing what comes in: transactions with their idempotency keys and their place in the outbox."""

from collections.abc import Sequence, Set
from hashlib import blake2b
from uuid import UUID

import msgspec

from riskengine.domain.transaction import Submission
from riskengine.storage.database import Connection, fetch


class Stored(msgspec.Struct, frozen=True, gc=False):
    """What became of a submission: the transaction that its key stands for, and whether it was there before.

    `conflict` means that the key stands for other content, so that the submission is to be refused.
    """

    transaction_id: UUID
    replayed: bool
    conflict: bool


async def store(connection: Connection, submissions: Sequence[Submission]) -> list[Stored]:
    """Stores all whose key is new in one statement, and says of each, in order, what its key stands for."""
    rows = await fetch(connection, "ingest", *columns(submissions))
    return await resolve(connection, submissions, {row["transaction_id"] for row in rows})


async def resolve(connection: Connection, submissions: Sequence[Submission], fresh: Set[UUID]) -> list[Stored]:
    """What the key of each submission stands for, in order; `fresh` are the ids of those just stored."""
    if len(fresh) == len(submissions):
        return [Stored(s.transaction.transaction_id, replayed=False, conflict=False) for s in submissions]
    digests = [_digest(submission.idempotency_key) for submission in submissions]
    known = await fetch(connection, "idempotency_find", digests)
    by_digest = {row["key_digest"]: row for row in known}
    return [
        _stored(submission, fresh, by_digest[digest]["transaction_id"], by_digest[digest]["content"].bytes)
        for submission, digest in zip(submissions, digests, strict=True)
    ]


def _stored(submission: Submission, fresh: Set[UUID], transaction_id: UUID, content: bytes) -> Stored:
    replayed = submission.transaction.transaction_id not in fresh
    return Stored(transaction_id, replayed=replayed, conflict=replayed and content != submission.content)


def _digest(key: str) -> UUID:
    return UUID(bytes=blake2b(key.encode(), digest_size=16).digest())


def columns(submissions: Sequence[Submission]) -> list[object]:
    """The parameters of ingest.sql: one array per column."""
    transactions = [submission.transaction for submission in submissions]
    return [
        [t.transaction_id for t in transactions],
        [t.created_at for t in transactions],
        [_digest(s.idempotency_key) for s in submissions],
        [UUID(bytes=s.content) for s in submissions],
        [s.idempotency_key for s in submissions],
        [t.account_id for t in transactions],
        [t.amount for t in transactions],
        [t.currency for t in transactions],
        [t.occurred_at for t in transactions],
        [t.merchant for t in transactions],
        [t.merchant_category for t in transactions],
        [t.location for t in transactions],
        [t.latitude for t in transactions],
        [t.longitude for t in transactions],
        [t.country for t in transactions],
        [t.channel for t in transactions],
        [t.device_id for t in transactions],
        [t.ip for t in transactions],
        [t.beneficiary for t in transactions],
        [s.metadata for s in submissions],
        [t.card_bin for t in transactions],
    ]
