"""The client's own record: what it sent, and every word it was told. What is audited is compared with this."""

from collections import Counter
from random import Random
from uuid import UUID

import msgspec

from riskengine.domain.transaction import Submission

MOST_REMEMBERED = 1000
"""Keys that are kept to be sent again much later, and complaints that are kept in words."""


class Told(msgspec.Struct, frozen=True, gc=False):
    """The decision that a sender was told."""

    score: float
    outcome: str


class Record:
    """Grows with what is sent.

    `sent` and `acknowledged` are by idempotency key, `told` by transaction. `answers` counts answers by status (0: none
    came), `held_back` payments that were not sent because too many had no answer. `contradictions` are in words: a key
    that was answered with two transactions, a transaction with two decisions, an answer that fits no request. `refused`
    are answers that should not be, for a request that is right.
    """

    def __init__(self, seed: int) -> None:
        self.sent: dict[str, Submission] = {}
        self.acknowledged: dict[str, UUID] = {}
        self.told: dict[UUID, Told] = {}
        self.answers: Counter[int] = Counter()
        self.contradictions: list[str] = []
        self.refused: list[str] = []
        self.held_back = self.sent_again = self.replays = self.duplicates = 0
        self._random = Random(f"{seed} replays")
        self._old: list[str] = []

    @property
    def unanswered(self) -> list[str]:
        """Keys that were sent and never acknowledged."""
        return [key for key in self.sent if key not in self.acknowledged]

    def send(self, payments: tuple[Submission, ...]) -> None:
        """Notes payments before they are sent for the first time."""
        self.sent |= {payment.idempotency_key: payment for payment in payments}

    def acknowledge(self, key: str, transaction_id: UUID) -> None:
        """Notes which transaction a key was answered with."""
        known = self.acknowledged.setdefault(key, transaction_id)
        if known != transaction_id:
            self._contradict(f"key {key} was answered with transaction {known}, and then with {transaction_id}")
            return
        if len(self._old) < MOST_REMEMBERED:
            self._old.append(key)
        elif self._random.random() < 0.1:
            self._old[self._random.randrange(MOST_REMEMBERED)] = key

    def tell(self, transaction_id: UUID, told: Told) -> None:
        """Notes a decision that was answered."""
        known = self.told.setdefault(transaction_id, told)
        if known != told:
            self._contradict(f"transaction {transaction_id} was decided as {known}, and then as {told}")

    def misfit(self, words: str) -> None:
        """Notes an answer that does not fit its request."""
        self._contradict(words)

    def refuse(self, words: str) -> None:
        """Notes an answer that should not be."""
        if len(self.refused) < MOST_REMEMBERED:
            self.refused.append(words)

    def old(self) -> Submission | None:
        """A payment that was acknowledged some time ago, to be sent again."""
        return self.sent[self._random.choice(self._old)] if self._old else None

    def _contradict(self, words: str) -> None:
        if len(self.contradictions) < MOST_REMEMBERED:
            self.contradictions.append(words)
