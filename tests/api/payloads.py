"""Bodies that clients send."""

from typing import Any

TRANSACTIONS = "/api/v1/transactions"
BATCH = "/api/v1/transactions/batch"
DECISIONS = "/api/v1/decisions"
ACCOUNTS = "/api/v1/accounts"


def payment(**changes: Any) -> dict[str, Any]:
    """A plain transaction, of which a test changes what it is about."""
    return {"account_id": "alice", "amount": "12.50", "currency": "EUR"} | changes


def paths(problem: dict[str, Any]) -> list[str]:
    """The fields that a problem names."""
    return [error["path"] for error in problem["errors"]]
