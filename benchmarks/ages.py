"""What a transaction costs by its account's age, and by how busy the account is."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate
from random import Random

import msgspec

from benchmarks.timing import as_in_a_worker, medians
from riskengine.domain import ids
from riskengine.domain.account import Account
from riskengine.domain.clock import DAY, HOUR
from riskengine.domain.transaction import CHANNELS, Submission, Transaction
from riskengine.scoring import event
from riskengine.scoring.engine import Engine
from riskengine.scoring.event import Event, Past
from riskengine.scoring.history import History
from riskengine.scoring.memory import Memory
from riskengine.scoring.peers import Peers

LIVES = (10, 100, 1_000, 10_000, 100_000)
"""Events of an account: in its whole life, or in its last month."""

MONTH_DAYS = 30

QUIET_PER_MONTH = 90
"""Events a month of an account that is only old: three a day."""

ACCOUNTS = 100
"""Accounts with the same history, each with one transaction of a batch."""

NEIGHBOURS = 2_000
"""Rows of other accounts that are scored first, so that there are peers."""

REPETITIONS = 15

_KINDS = 500
"""Different events that a history is made of."""

_NOW = 1_767_225_600_000
"""Ms since the epoch at which the histories end: 1 January 2026."""


class Point(msgspec.Struct, frozen=True):
    """An account that has had `events`, at a rate of `per_month` a month, and what its next one costs (µs)."""

    events: int
    per_month: int
    us: float


class Curve(msgspec.Struct, frozen=True):
    """The accounts of the same rate by age, and those a month old by rate."""

    by_age: tuple[Point, ...]
    by_rate: tuple[Point, ...]

    @property
    def age_ratio(self) -> float:
        """The cost for the oldest account over that for the youngest."""
        return self.by_age[-1].us / self.by_age[0].us


def measure(submissions: Sequence[Submission], repetitions: int = REPETITIONS) -> Curve:
    """Times batches of 100 transactions, of 100 accounts with the same history; all points take turns."""
    engine = Engine.starter()
    peers = Memory()
    engine.score([submission.transaction for submission in submissions[:NEIGHBOURS]], peers)
    lives = [(life, QUIET_PER_MONTH) for life in LIVES] + [(life, life) for life in LIVES]
    batches = [_Batch(engine, history(engine, *life), peers.peers) for life in lives]
    with as_in_a_worker():
        times = medians([batch.score for batch in batches], repetitions)
    points = [
        Point(events, per_month, round(seconds / ACCOUNTS * 1e6, 1))
        for (events, per_month), seconds in zip(lives, times, strict=True)
    ]
    return Curve(tuple(points[: len(LIVES)]), tuple(points[len(LIVES) :]))


def history(engine: Engine, events: int, per_month: int) -> History:
    """The history of an account with so many events, the last of them just before `_NOW`."""
    random = Random(events * per_month)
    gaps = [random.expovariate(per_month / (MONTH_DAYS * DAY)) for _ in range(events)]
    some = [event.of(_transaction(random, "old", _NOW), engine.rates) for _ in range(_KINDS)]
    ends = list(accumulate(gaps))
    past = (Past(_at(random.choice(some), _NOW - round(ends[-1] - end) - 1)) for end in ends)
    return engine.remember(Account("old"), past, events)


class _Batch:
    """Transactions at `_NOW` that can be scored again and again."""

    def __init__(self, engine: Engine, past: History, peers: Peers) -> None:
        random = Random(ACCOUNTS)
        names = [f"account-{number}" for number in range(ACCOUNTS)]
        self._engine = engine
        self._transactions = [_transaction(random, name, _NOW) for name in names]
        self._histories = {name: past.with_account(Account(name), past.sequence) for name in names}
        self._peers = peers

    def score(self) -> None:
        """Scores them on the same histories; copying these takes a microsecond."""
        self._engine.score(self._transactions, Memory(dict(self._histories), peers=self._peers))


def _transaction(random: Random, account_id: str, at: int) -> Transaction:
    """One with all fields, so that no feature is missing for want of them."""
    return Transaction(
        ids.new(at),
        account_id,
        amount=Decimal(f"{random.lognormvariate(3.5, 1.2) + 1:.2f}"),
        currency="EUR",
        occurred_at=at,
        merchant=f"merchant-{random.randrange(60)}",
        merchant_category=random.choice(("5411", "5812", "5541", "5732")),
        location=f"place-{random.randrange(8)}",
        latitude=50 + random.random(),
        longitude=4 + random.random(),
        country=random.choice(("BE", "BE", "BE", "FR", "NL")),
        channel=random.choice(CHANNELS),
        device_id=f"device-{random.randrange(3)}",
        ip=f"198.18.0.{random.randrange(20)}",
        beneficiary=f"beneficiary-{random.randrange(30)}",
    )


def _at(one: Event, time: int) -> Event:
    """The event at another time."""
    return msgspec.structs.replace(one, time=time, hour=(time // HOUR + 72) % 168)
