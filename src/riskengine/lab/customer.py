"""Simulated customers: where they live, what they are used to, how much and when they spend."""

from random import Random

import msgspec

from riskengine.domain.account import Account
from riskengine.lab.world import CITIES, City, Merchant, World

BUSINESS_SHARE = 0.12
"""The share of accounts that are companies."""
NIGHT_OWL_SHARE = 0.03
"""The share of customers whose favourite hour is in the night."""


class Habits(msgspec.Struct, frozen=True):
    """How customers of one type spend. Weights are relative; weekdays start on Monday."""

    channels: dict[str, float]
    weekdays: tuple[float, ...]
    per_day: float
    """Median of the number of transactions a day."""
    amount: float
    """Median of the customers' median amount, in euros."""


HABITS = {
    "personal": Habits(
        channels={"pos": 0.60, "online": 0.27, "atm": 0.06, "transfer": 0.07},
        weekdays=(0.9, 0.9, 0.95, 1.0, 1.2, 1.25, 0.8),
        per_day=1.1,
        amount=24.0,
    ),
    "business": Habits(
        channels={"pos": 0.30, "online": 0.30, "atm": 0.02, "transfer": 0.38},
        weekdays=(1.3, 1.3, 1.3, 1.3, 1.3, 0.3, 0.2),
        per_day=2.5,
        amount=110.0,
    ),
}


class Customer(msgspec.Struct, frozen=True):
    """One customer. `hour` is the favourite local hour, `amount` the median amount in euros, `per_day` a mean."""

    account: Account
    habits: Habits
    home: City
    shops: tuple[Merchant, ...]
    sites: tuple[Merchant, ...]
    beneficiaries: tuple[str, ...]
    device: str
    ip: str
    hour: float
    amount: float
    per_day: float


def build(random: Random, world: World, number: int) -> Customer:
    """The customer of the given number (from 1), at home in one of the cities."""
    kind = "business" if random.random() < BUSINESS_SHARE else "personal"
    habits = HABITS[kind]
    home = random.choices(CITIES, [city.share for city in CITIES])[0]
    night_owl = random.random() < NIGHT_OWL_SHARE
    name = f"C{number:07d}"
    return Customer(
        account=Account(name, type=kind, home_country=home.country, time_zone=home.time_zone),
        habits=habits,
        home=home,
        shops=tuple(random.sample(world.shops[home.name], random.randint(6, 12))),
        sites=tuple(random.sample(world.online, random.randint(3, 7))),
        beneficiaries=tuple(f"B{number:07d}-{index}" for index in range(1, random.randint(2, 5))),
        device=device(random),
        ip=ip(random),
        hour=random.uniform(0.0, 4.0) if night_owl else random.gauss(14.5, 2.0),
        amount=habits.amount * random.lognormvariate(0.0, 0.4),
        per_day=habits.per_day * random.lognormvariate(0.0, 0.5),
    )


def device(random: Random) -> str:
    """A device nobody has seen before."""
    return f"{random.getrandbits(64):016x}"


def ip(random: Random) -> str:
    """An address of a home: from the shared space of carriers (RFC 6598), which belongs to no one."""
    return f"100.{random.randint(64, 127)}.{random.randint(0, 255)}.{random.randint(1, 254)}"


def foreign_ip(random: Random) -> str:
    """An address of an attacker: from the range for benchmarks (RFC 2544), which belongs to no one."""
    return f"198.{random.randint(18, 19)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
