"""What the pure core costs: no server, no queue, only the score function and the form histories are kept in."""

import copy
import statistics
import time
from collections import Counter
from collections.abc import Sequence

import msgspec

from benchmarks import rulesets
from benchmarks.timing import as_in_a_worker, rotated
from riskengine.domain.transaction import Submission, Transaction
from riskengine.scoring.engine import Engine
from riskengine.scoring.history import History
from riskengine.scoring.memory import Memory

BATCH = 100
"""Transactions scored at once: what a worker's consumer takes."""

WARM_EVENTS = 30
"""Events an account has before its transactions are timed."""

MOST_TIMED = 10_000
"""Transactions timed: half a second's work for each engine and repetition."""

REPETITIONS = 9


class Cost(msgspec.Struct, frozen=True):
    """Microseconds: to score a transaction, to turn a history into bytes and back; and mean bytes of a history.

    `score_us` is with 20 rules; `ratio_200` times that it takes with 200.
    """

    score_us: float
    ratio_200: float
    to_bytes_us: float
    from_bytes_us: float
    history_bytes: float


class _Run:
    """One engine's way through the timed rows, from the same state each time."""

    def __init__(self, engine: Engine, warm_up: Sequence[Transaction], batches: int) -> None:
        self._engine = engine
        self._warm = Memory()
        engine.score(warm_up, self._warm)
        self.memory = self._warm
        self._times: list[list[float]] = [[] for _ in range(batches)]

    def begin(self) -> None:
        """Forgets what came after the warm-up."""
        self.memory = _copy(self._warm)

    def score(self, place: int, batch: Sequence[Transaction]) -> None:
        """Scores a batch, and notes its time."""
        memory = self.memory
        memory.slots.clear()
        # As in a worker: the batch's histories have just been read, and only those.
        mine = {t.account_id: memory.histories[t.account_id] for t in batch if t.account_id in memory.histories}
        read = {account_id: History.from_bytes(history.to_bytes()) for account_id, history in mine.items()}
        at_hand = msgspec.structs.replace(memory, histories=read)
        before = time.perf_counter()
        self._engine.score(batch, at_hand)
        self._times[place].append(time.perf_counter() - before)
        memory.histories.update(at_hand.histories)

    @property
    def seconds(self) -> float:
        """For all batches: the median of each."""
        return sum(map(statistics.median, self._times))


def measure(submissions: Sequence[Submission], repetitions: int = REPETITIONS) -> Cost:
    """Scores the rows of the busiest accounts in order of time: the first of each to warm up, the others timed.

    With 20 rules and with 200, batch by batch in turns.
    """
    warm_up, timed = _split([submission.transaction for submission in submissions])
    batches = [timed[start : start + BATCH] for start in range(0, len(timed), BATCH)]
    runs = [_Run(engine, warm_up, len(batches)) for engine in engines()]
    with as_in_a_worker():
        for repetition in range(repetitions):
            for run in runs:
                run.begin()
            for place, batch in enumerate(batches):
                for which in rotated(len(runs), place + repetition):
                    runs[which].score(place, batch)
    few, many = (run.seconds for run in runs)
    return _with_bytes(few / len(timed) * 1e6, many / few, list(runs[0].memory.histories.values()))


def engines() -> tuple[Engine, Engine]:
    """The shipped engine with 20 rules, and with 200."""
    shipped, lists = Engine.starter(), rulesets.lists()
    of_20, of_200 = rulesets.of_20(shipped.ruleset), rulesets.of_200(shipped.ruleset, shipped.catalogue)
    few, many = (Engine(shipped.catalogue, rules, shipped.rates, lists) for rules in (of_20, of_200))
    return few, many


def _with_bytes(score_us: float, ratio_200: float, histories: Sequence[History]) -> Cost:
    before = time.perf_counter()
    values = [history.to_bytes() for history in histories]
    between = time.perf_counter()
    for value in values:
        History.from_bytes(value)
    after = time.perf_counter()
    return Cost(
        score_us=score_us,
        ratio_200=ratio_200,
        to_bytes_us=(between - before) / len(values) * 1e6,
        from_bytes_us=(after - between) / len(values) * 1e6,
        history_bytes=sum(map(len, values)) / len(values),
    )


def _copy(memory: Memory) -> Memory:
    """The same state, which can change by itself. Histories are immutable, so they are not copied."""
    histories = memory.histories
    rest = copy.deepcopy(msgspec.structs.replace(memory, histories={}))
    return msgspec.structs.replace(rest, histories=dict(histories))


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
