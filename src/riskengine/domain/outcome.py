"""Levels of risk and the outcomes that follow from them."""

from enum import StrEnum


class Level(StrEnum):
    """How risky a transaction is, from its score."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Outcome(StrEnum):
    """What the engine says is to be done with a transaction."""

    APPROVE = "approve"
    REVIEW = "review"
    DECLINE = "decline"


class Status(StrEnum):
    """Where a transaction stands. It is derived, never stored: pending until a decision exists, then by its outcome."""

    PENDING = "pending"
    PROCESSED = "processed"
    FLAGGED = "flagged"
    BLOCKED = "blocked"


OUTCOME_OF_LEVEL = {
    Level.LOW: Outcome.APPROVE,
    Level.MEDIUM: Outcome.APPROVE,
    Level.HIGH: Outcome.REVIEW,
    Level.CRITICAL: Outcome.DECLINE,
}

STATUS_OF_OUTCOME = {
    Outcome.APPROVE: Status.PROCESSED,
    Outcome.REVIEW: Status.FLAGGED,
    Outcome.DECLINE: Status.BLOCKED,
}
