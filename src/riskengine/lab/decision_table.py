"""Decisions as a table."""

from riskengine.lab.offline import Scored
from riskengine.lab.writing import Column, Row

COLUMNS = (
    Column("transaction_id"),
    Column("account_id"),
    Column("occurred_at", "time"),
    Column("score", "number"),
    Column("level"),
    Column("outcome"),
    Column("rules", "texts"),
    Column("rules_score", "number"),
    Column("behaviour_score", "number"),
    Column("model_score", "number"),
)


def row(scored: Scored) -> Row:
    """The values of `COLUMNS`; `transaction_id` is the one that the row had in its file."""
    verdict = scored.verdict
    return (
        scored.record.reference,
        verdict.account_id,
        scored.record.submission.transaction.occurred_at,
        verdict.score,
        verdict.level.value,
        verdict.outcome.value,
        list(verdict.rules),
        verdict.parts.rules,
        verdict.parts.behaviour,
        verdict.parts.model,
    )
