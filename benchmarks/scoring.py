"""What the pure core costs: no server, no queue, only the score function and the form histories are kept in."""

import time
from collections import Counter
from collections.abc import Sequence

import msgspec

from riskengine.domain.transaction import Submission, Transaction
from riskengine.scoring.engine import Engine
from riskengine.scoring.history import History
from riskengine.scoring.memory import Memory

BATCH = 100
"""Transactions scored at once: what a worker's consumer takes."""

WARM_EVENTS = 30
"""Events an account has before its transactions are timed."""

MOST_TIMED = 20_000
"""Transactions timed: about a second's work."""


class Cost(msgspec.Struct, frozen=True):
    """Microseconds: to score a transaction, to turn a history into bytes and back; and mean bytes of a history."""

    score_us: float
    to_bytes_us: float
    from_bytes_us: float
    history_bytes: float


def measure(submissions: Sequence[Submission]) -> Cost:
    """Scores the rows of the busiest accounts in order of time: the first of each to warm up, the others timed."""
    warm_up, timed = _split([submission.transaction for submission in submissions])
    engine, memory = Engine.starter(), Memory()
    engine.score(warm_up, memory)
    seconds = 0.0
    for start in range(0, len(timed), BATCH):
        batch = timed[start : start + BATCH]
        memory.slots.clear()
        before = time.perf_counter()
        engine.score(batch, memory)
        seconds += time.perf_counter() - before
    histories = list(memory.histories.values())
    before = time.perf_counter()
    values = [history.to_bytes() for history in histories]
    between = time.perf_counter()
    for value in values:
        History.from_bytes(value)
    after = time.perf_counter()
    return Cost(
        score_us=seconds / len(timed) * 1e6,
        to_bytes_us=(between - before) / len(values) * 1e6,
        from_bytes_us=(after - between) / len(values) * 1e6,
        history_bytes=sum(map(len, values)) / len(values),
    )


def _split(transactions: Sequence[Transaction]) -> tuple[list[Transaction], list[Transaction]]:
    """The rows to warm up with, and those to time, of the accounts that have more rows than the warm-up takes.

    Where none has (a quick run), half of all rows warm up.
    """
    counts = Counter(transaction.account_id for transaction in transactions)
    busy = [t for t in transactions if counts[t.account_id] > WARM_EVENTS]
    if not busy:
        return list(transactions[: len(transactions) // 2]), list(transactions[len(transactions) // 2 :])
    seen: Counter[str] = Counter()
    warm_up: list[Transaction] = []
    timed: list[Transaction] = []
    for transaction in busy:
        seen[transaction.account_id] += 1
        (warm_up if seen[transaction.account_id] <= WARM_EVENTS else timed).append(transaction)
    return warm_up, timed[:MOST_TIMED]
