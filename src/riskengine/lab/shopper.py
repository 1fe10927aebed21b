"""A customer living through the simulated days: where they are now, and what they pay there."""

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from riskengine.domain import clock, currencies
from riskengine.domain.transaction import Channel, Transaction
from riskengine.lab import customer as customers
from riskengine.lab import identity
from riskengine.lab.customer import Customer
from riskengine.lab.world import CITIES, City, Merchant, World

TRIP_CHANCE = 0.005
"""The chance that a day begins a trip to another city."""
TRIP_DAYS = (3, 9)
"""Days between leaving and being back. The first and the last are spent travelling, with purchases online only."""
ABROAD_SHARE = 0.6
"""The share of trips that may lead abroad."""
NEW_DEVICE_CHANCE = 0.002
"""The chance that a day brings a new device."""
NEW_IP_CHANCE = 0.03
"""The chance that a day brings a new address."""
EXPLORING_SHARE = 0.12
"""The share of purchases at merchants that are not habitual."""
AMOUNT_SPREAD = 0.5
"""The standard deviation of the logarithm of a customer's amounts."""
HOURS_SPREAD = 3.2
"""The standard deviation of the hours of a customer's purchases around the favourite one."""
CASH_STEP = 20
"""Cash machines pay out multiples of this many euros' worth."""


class Shopper:
    """One customer's life. All chances are drawn from the `random` given, so that a seed repeats the life."""

    def __init__(self, customer: Customer, world: World) -> None:
        self.customer = customer
        self._world = world
        self._city = customer.home
        self._back_on: date | None = None
        self._travelling = False
        self._device = customer.device
        self._ip = customer.ip

    @property
    def city(self) -> City:
        """Where the customer is now."""
        return self._city

    def at(self, city: City) -> "Shopper":
        """The same habits, settled in the given city: for what is done in the customer's name there."""
        double = Shopper(self.customer, self._world)
        double._city, double._device, double._ip = city, self._device, self._ip
        return double

    def live(self, random: Random, day: date) -> list[Transaction]:
        """What the customer pays on this local day, in no particular order."""
        self._begin(random, day)
        customer = self.customer
        count = _poisson(random, customer.per_day * customer.habits.weekdays[day.weekday()])
        if not count:
            return []
        midnight = clock.to_ms(datetime.combine(day, time(), ZoneInfo(self._city.time_zone)).astimezone(UTC))
        moments = [midnight + int(random.gauss(customer.hour, HOURS_SPREAD) % 24 * clock.HOUR) for _ in range(count)]
        return [self.pay(random, moment) for moment in moments]

    def pay(self, random: Random, occurred_at: int, channel: Channel | None = None) -> Transaction:
        """One usual payment at the given time (milliseconds since the epoch), over a usual channel if none is given."""
        habits = self.customer.habits
        drawn = channel or random.choices(tuple(habits.channels), tuple(habits.channels.values()))[0]
        if self._travelling and drawn in {"pos", "atm"}:
            drawn = "online"
        match drawn:
            case "pos":
                return self._shop(random, occurred_at)
            case "atm":
                return self._withdraw(random, occurred_at)
            case "transfer":
                return self._transfer(random, occurred_at)
            case _:
                return self._order(random, occurred_at)

    def spend(self, random: Random, occurred_at: int, euros: float) -> Transaction:
        """A bare payment of so many euros' worth in the currency of where the customer is; for others to complete."""
        city = self._city
        return Transaction(
            transaction_id=identity.identify(occurred_at, random.getrandbits(identity.ENTROPY_BITS)),
            account_id=self.customer.account.account_id,
            amount=local_amount(euros, city),
            currency=city.currency,
            occurred_at=occurred_at,
            country=city.country,
        )

    def usual_amount(self, random: Random) -> float:
        """An amount the customer may spend on something ordinary, in euros."""
        return self.customer.amount * random.lognormvariate(0.0, AMOUNT_SPREAD)

    def _begin(self, random: Random, day: date) -> None:
        if random.random() < NEW_DEVICE_CHANCE:
            self._device = customers.device(random)
        if random.random() < NEW_IP_CHANCE:
            self._ip = customers.ip(random)
        if self._back_on is None:
            if random.random() < TRIP_CHANCE:
                self._back_on = day + timedelta(days=random.randint(*TRIP_DAYS))
                self._city = self._destination(random)
                self._travelling = True
        elif day >= self._back_on:
            self._city, self._travelling = self.customer.home, day == self._back_on
            self._back_on = self._back_on if self._travelling else None
        else:
            self._travelling = False

    def _destination(self, random: Random) -> City:
        home = self.customer.home
        domestic = [city for city in CITIES if city.country == home.country and city is not home]
        abroad = [city for city in CITIES if city.country != home.country]
        return random.choice(domestic if domestic and random.random() >= ABROAD_SHARE else abroad)

    def _merchant(self, random: Random, habitual: tuple[Merchant, ...], others: tuple[Merchant, ...]) -> Merchant:
        if random.random() < EXPLORING_SHARE or not habitual:
            return random.choice(others)
        # The first of the habitual merchants are visited most.
        return habitual[int(len(habitual) * random.random() ** 2)]

    def _shop(self, random: Random, occurred_at: int) -> Transaction:
        at_home = self._city is self.customer.home
        merchant = self._merchant(random, self.customer.shops if at_home else (), self._world.shops[self._city.name])
        return replace(
            self.spend(random, occurred_at, self.usual_amount(random) * merchant.scale),
            merchant=merchant.name,
            merchant_category=merchant.category,
            location=self._city.name,
            latitude=merchant.latitude,
            longitude=merchant.longitude,
            channel="pos",
        )

    def _order(self, random: Random, occurred_at: int) -> Transaction:
        merchant = self._merchant(random, self.customer.sites, self._world.online)
        return replace(
            self.spend(random, occurred_at, self.usual_amount(random) * merchant.scale),
            merchant=merchant.name,
            merchant_category=merchant.category,
            channel="online",
            device_id=self._device,
            ip=self._ip,
        )

    def _withdraw(self, random: Random, occurred_at: int) -> Transaction:
        shop = random.choice(self._world.shops[self._city.name])
        notes = max(1, round(self.usual_amount(random) * 2 / CASH_STEP))
        return replace(
            self.spend(random, occurred_at, notes * CASH_STEP),
            merchant=f"Cash machine near {shop.name}",
            merchant_category="cash",
            location=self._city.name,
            latitude=shop.latitude,
            longitude=shop.longitude,
            channel="atm",
        )

    def _transfer(self, random: Random, occurred_at: int) -> Transaction:
        return replace(
            self.spend(random, occurred_at, self.usual_amount(random) * 3),
            channel="transfer",
            device_id=self._device,
            ip=self._ip,
            beneficiary=random.choice(self.customer.beneficiaries),
        )


def local_amount(euros: float, city: City) -> Decimal:
    """What so many euros are in the city's currency, in its own places and never less than its smallest unit."""
    unit = Decimal(1).scaleb(-currencies.PLACES[city.currency])
    return max(unit, Decimal(repr(euros * city.prices)).quantize(unit))


def _poisson(random: Random, mean: float) -> int:
    """A Poisson variate (Knuth's method, for the small means of a day)."""
    limit, count, product = math.exp(-mean), 0, random.random()
    while product > limit:
        count += 1
        product *= random.random()
    return count
