"""What the demonstration's client did, and what it was told."""

import math
from collections.abc import Sequence
from uuid import UUID


class Journal:
    """Grows while the sender works; the progress display and the summary read it.

    `sent` counts transactions, `accepted` holds the ids that the API answered with, `refused` what it said of those it
    did not take, `retried` counts requests sent again. `singles` and `batches` are seconds from request to answer.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.sent = 0
        self.accepted: set[UUID] = set()
        self.refused: list[str] = []
        self.retried = 0
        self.singles: list[float] = []
        self.batches: list[float] = []


def percentiles(values: Sequence[float], *shares: float) -> list[float]:
    """The least values that the given shares of all are not above (nearest rank); NaN where there are no values."""
    ordered = sorted(values)
    if not ordered:
        return [math.nan for _ in shares]
    return [ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in shares]
