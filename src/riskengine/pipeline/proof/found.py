"""What is found while decisions are executed again."""

from collections.abc import Iterable
from uuid import UUID

from riskengine.domain.transaction import Transaction
from riskengine.pipeline.proof.bits import Unlike
from riskengine.pipeline.proof.report import Difference

MOST = 20
"""Differences kept of each kind: enough to see a cause, and few enough for a screen."""


class Found:
    """Grows while decisions are executed; takes memory only for what differs.

    `differing` are the transactions whose decision has a field that must not differ, `beyond` those whose features
    differ because more is needed than a history holds; `differences` are the first of the former.
    """

    def __init__(self) -> None:
        self.differing: set[UUID] = set()
        self.beyond: set[UUID] = set()
        self.differences: list[Difference] = []

    def add(self, transaction_id: UUID, account_id: str, fields: Iterable[Unlike]) -> None:
        """Notes that these fields of a decision differ."""
        for unlike in fields:
            self.differing.add(transaction_id)
            if len(self.differences) < MOST:
                self.differences.append(
                    Difference(transaction_id, account_id, unlike.field, unlike.stored, unlike.replayed)
                )

    def add_beyond(self, transaction: Transaction) -> None:
        """Notes that a decision's features differ, and need not be the same."""
        self.beyond.add(transaction.transaction_id)
