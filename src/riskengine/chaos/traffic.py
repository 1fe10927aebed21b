"""What chaos sends: payments of a few dozen accounts that share what they use, all from one seed."""

from decimal import Decimal
from enum import StrEnum
from random import Random
from uuid import UUID

import msgspec

from riskengine.client import requests
from riskengine.domain import clock
from riskengine.domain.transaction import CHANNELS, Submission, Transaction

LIVE_ACCOUNTS, HOT_ACCOUNTS = 60, 4
"""Accounts that pay at a time, and how many of these do so often."""

HOT_SHARE = 0.4
"""The share of payments that are of hot accounts: concurrent decisions meet on them."""

MOST_OF_ACCOUNT = 600
"""Payments after which an account is replaced by a new one: up to 840 every window is exact, so all can be counted."""

LARGEST_BATCH = 40
"""Payments of a batch at most."""

LATEST_MS = 2 * clock.HOUR
"""How late a late payment is at most. What is more than a day late would not be exact."""

_CURRENCIES = ("EUR",) * 6 + ("USD", "USD", "GBP", "JPY")
_PLACES = {"JPY": 0}
_COUNTRIES = ("BE", "BE", "BE", "NL", "FR", "DE", "US", "KP")
_MERCHANTS = tuple(f"shop-{number}" for number in range(25))
_WAYS = ("single",) * 82 + ("batch",) * 2 + ("decision",) * 16  # of requests; a batch has some twenty payments


class Way(StrEnum):
    """How payments are sent: one, several at once, or one whose decision is waited for."""

    SINGLE = "single"
    BATCH = "batch"
    DECISION = "decision"


_PATHS = {Way.SINGLE: requests.TRANSACTIONS, Way.BATCH: requests.BATCH, Way.DECISION: requests.DECISIONS}


class Parcel(msgspec.Struct, frozen=True):
    """One request: its payments, and how many times it is sent at the same moment (mostly once)."""

    way: Way
    payments: tuple[Submission, ...]
    copies: int = 1

    @property
    def path(self) -> str:
        """Where it is sent to."""
        return {Way.SINGLE: requests.TRANSACTIONS, Way.BATCH: requests.BATCH, Way.DECISION: requests.DECISIONS}[
            self.way
        ]

    @property
    def body(self) -> bytes:
        """What is sent."""
        bodies = map(requests.transaction, self.payments)
        return requests.batch(bodies) if self.way is Way.BATCH else next(bodies)


class Traffic:
    """An endless row of parcels. The same seed gives the same, but for the present, which times are relative to."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = Random(f"{seed} traffic")
        self._numbers = 0
        self._accounts = 0
        self._live = [self._new_account() for _ in range(LIVE_ACCOUNTS)]
        self._paid = [0] * LIVE_ACCOUNTS
        self._last = [0] * LIVE_ACCOUNTS

    @property
    def accounts(self) -> list[str]:
        """The accounts that pay now."""
        return list(self._live)

    def next(self, now_ms: int) -> Parcel:
        """The next request, sent at `now_ms` (ms since the epoch)."""
        random = self._random
        way = Way(random.choice(_WAYS))
        count = random.randint(2, LARGEST_BATCH) if way is Way.BATCH else 1
        copies = random.choice((2, 3, 5)) if random.random() < 0.02 else 1
        return Parcel(way, tuple(self._payment(now_ms) for _ in range(count)), copies)

    def _payment(self, now_ms: int) -> Submission:
        random = self._random
        hot = random.random() < HOT_SHARE
        place = random.randrange(HOT_ACCOUNTS) if hot else random.randrange(HOT_ACCOUNTS, LIVE_ACCOUNTS)
        if self._paid[place] >= MOST_OF_ACCOUNT:
            self._live[place] = self._new_account()
            self._paid[place] = self._last[place] = 0
        self._paid[place] += 1
        currency = random.choice(_CURRENCIES)
        transaction = Transaction(
            transaction_id=UUID(int=self._numbers),  # the client's own number: the engine gives another
            account_id=self._live[place],
            amount=Decimal(random.randint(100, 9_999_99))
            .scaleb(-2)
            .quantize(Decimal(1).scaleb(-_PLACES.get(currency, 2))),
            currency=currency,
            occurred_at=self._moment(place, now_ms),
            merchant=random.choice(_MERCHANTS),
            country=random.choice(_COUNTRIES),
            channel=random.choice(CHANNELS),
            device_id=self._some("device", 60),
            ip=f"10.0.0.{random.randint(1, 60)}" if random.random() < 0.8 else None,
            beneficiary=self._some("beneficiary", 80),
        )
        self._numbers += 1
        return Submission(transaction, f"chaos-{self._seed}-{self._numbers}", b"")

    def _moment(self, place: int, now_ms: int) -> int:
        """When a payment occurred: mostly now, sometimes just when the one before did, sometimes long ago."""
        kind = self._random.random()
        if kind < 0.08:
            return now_ms - self._random.randrange(LATEST_MS)
        if kind > 0.92 and self._last[place]:
            return self._last[place]
        self._last[place] = now_ms
        return now_ms

    def _some(self, what: str, count: int) -> str | None:
        return f"{what}-{self._random.randrange(count)}" if self._random.random() < 0.8 else None

    def _new_account(self) -> str:
        self._accounts += 1
        return f"chaos-{self._accounts}"
