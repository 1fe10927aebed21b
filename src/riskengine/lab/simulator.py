"""Seeded, labelled traffic: normal customers, and attacks among them.

One seed gives one world. Normal life, and the attacks, each draw from a source of their own: asking for other attacks
or another fraud rate changes nothing in the life of the customers.
"""

import heapq
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random

import msgspec

from riskengine.domain import clock
from riskengine.domain.account import Account
from riskengine.domain.errors import ConfigurationError
from riskengine.lab import customer, world
from riskengine.lab.attacks import ATTACKS, Attack
from riskengine.lab.labelled import Labelled
from riskengine.lab.shopper import Shopper

START = date(2026, 1, 1)
"""The first simulated day, where none is asked for: fixed, so that a seed alone names a data set."""
QUIET_SHARE = 0.2
"""No attack begins in this first share of the days: the engine first learns what is normal."""
ZONES = 14 * clock.HOUR
"""A local day begins at most this long before the same day in UTC."""


class Plan(msgspec.Struct, frozen=True):
    """What to simulate. `fraud_rate` is the wished share of fraudulent transactions, in equal parts for the attacks.

    Every attack named strikes at least once, unless the rate is 0.
    """

    customers: int = 1000
    days: int = 30
    seed: int = 7
    fraud_rate: float = 0.01
    start: date = START
    attacks: tuple[str, ...] = tuple(ATTACKS)

    def __post_init__(self) -> None:
        if self.customers < 1 or self.days < 1:
            raise ConfigurationError("ask for at least one customer and one day")
        if not 0 <= self.fraud_rate < 1:
            raise ConfigurationError("the fraud rate is a share: choose a number from 0 to less than 1")
        unknown = [name for name in self.attacks if name not in ATTACKS]
        if unknown:
            raise ConfigurationError(f"no attack is called {unknown[0]}; choose from {', '.join(ATTACKS)}")


class Simulator:
    """A world with its customers; `stream` lets them live."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        random = Random(f"{plan.seed} world")
        self._world = world.build(random)
        self._customers = [customer.build(random, self._world, number) for number in range(1, plan.customers + 1)]

    def accounts(self) -> list[Account]:
        """The attributes of all accounts, as an operator would have described them to the engine."""
        return [customer.account for customer in self._customers]

    def stream(self) -> Iterator[Labelled]:
        """All transactions, in order of `occurred_at`. Each call begins anew and yields the same."""
        plan = self._plan
        shoppers = [Shopper(customer, self._world) for customer in self._customers]
        life, crime = Random(f"{plan.seed} life"), Random(f"{plan.seed} crime")
        strikes = self._strikes(crime)
        first = _midnight(plan.start)
        last = first + plan.days * clock.DAY
        waiting: list[tuple[int, int, Labelled]] = []
        for number in range(plan.days):
            day = plan.start + timedelta(days=number)
            events = [Labelled(payment) for shopper in shoppers for payment in shopper.live(life, day)]
            while strikes and strikes[-1][0] < _midnight(day) + clock.DAY:
                moment, attack = strikes.pop()
                events += attack.strike(crime, shoppers, moment)
            for event in events:
                payment = event.transaction
                if first <= payment.occurred_at < last:
                    heapq.heappush(waiting, (payment.occurred_at, payment.transaction_id.int, event))
            yield from _until(waiting, _midnight(day) + clock.DAY - ZONES)
        yield from _until(waiting, last)

    def _strikes(self, random: Random) -> list[tuple[int, Attack]]:
        """When each attack begins, the last one first."""
        plan = self._plan
        usual = sum(customer.per_day for customer in self._customers) * plan.days
        wanted = usual * plan.fraud_rate / (1 - plan.fraud_rate)
        strikes = []
        for attack in (ATTACKS[name] for name in plan.attacks if wanted):
            latest = max(plan.days - attack.days, plan.days * QUIET_SHARE)
            for _ in range(max(1, round(wanted / len(plan.attacks) / attack.size))):
                day = random.uniform(plan.days * QUIET_SHARE, latest)
                strikes.append((_midnight(plan.start) + int(day * clock.DAY), attack))
        return sorted(strikes, key=lambda strike: strike[0], reverse=True)


def _until(waiting: list[tuple[int, int, Labelled]], moment: int) -> Iterator[Labelled]:
    while waiting and waiting[0][0] < moment:
        yield heapq.heappop(waiting)[2]


def _midnight(day: date) -> int:
    return clock.to_ms(datetime.combine(day, time(), UTC))
