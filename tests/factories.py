"""Values for tests: a plain transaction, submission or verdict, of which a test changes what it is about."""

from decimal import Decimal
from hashlib import blake2b
from typing import Any

from riskengine.domain import ids
from riskengine.domain.decision import Decision, Parts, Verdict, Versions
from riskengine.domain.outcome import Level, Outcome
from riskengine.domain.transaction import Submission, Transaction
from riskengine.streaming.queue import Outgoing


def transaction(
    account_id: str = "alice", amount: str = "25.00", created_at: int | None = None, **fields: Any
) -> Transaction:
    """A transaction, accepted at `created_at` (now if not given) and occurred then."""
    transaction_id = ids.new(created_at)
    fields = {"currency": "EUR", "occurred_at": ids.created_at_ms(transaction_id)} | fields
    return Transaction(transaction_id=transaction_id, account_id=account_id, amount=Decimal(amount), **fields)


def submission(key: str | None = None, *, of: Transaction | None = None, **fields: Any) -> Submission:
    """A submission of a transaction; its key is the transaction's id if not given."""
    made = of or transaction(**fields)
    content = blake2b(f"{made.account_id} {made.amount}".encode(), digest_size=16).digest()
    return Submission(made, key or str(made.transaction_id), content)


def outgoing(*bodies: bytes) -> list[Outgoing]:
    """Messages of one account, whatever is in them."""
    return [Outgoing("alice", body) for body in bodies]


def verdict(of: Transaction, score: float = 12.5) -> Verdict:
    """A verdict on a transaction."""
    return Verdict(
        transaction_id=of.transaction_id,
        account_id=of.account_id,
        score=score,
        level=Level.LOW,
        outcome=Outcome.APPROVE,
        parts=Parts(10.0, 16.0, None, 0.59, 0.41, 0.0),
        rules=("RULE_NIGHT_TRANSACTION", "RULE_CROSS_BORDER"),
        features=(1.0, 2.5, float("nan")),
        versions=Versions(ruleset=1, catalogue=1, rates=1),
    )


def decision(of: Transaction, sequence: int, score: float = 12.5) -> Decision:
    """A decision on a transaction, at the given place in its account's order."""
    return Decision(verdict(of, score), sequence, of.created_at + 3)
