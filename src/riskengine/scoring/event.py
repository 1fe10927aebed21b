"""What a history keeps of a transaction: numbers only."""

import math
from functools import lru_cache

import msgspec

from riskengine.domain.clock import HOUR
from riskengine.domain.transaction import CHANNELS, Transaction
from riskengine.scoring import hashing
from riskengine.scoring.money import MISSING, Rates

LOG_STEPS = 65_536
"""Steps of a unit of logarithm. The squares of 16 384 peers stay below 2^63, those of one below Lua's 2^53."""

NOWHERE = -(2**31)
"""Latitude and longitude of an event that has none."""

DEGREE = 1_000_000
"""Steps of a degree: 0.11 m."""

_EPOCH_HOUR = 72
"""Hours from Monday 00:00 to the epoch, a Thursday."""

_CHANNEL_CODES: dict[str, int] = {channel: code for code, channel in enumerate(CHANNELS, start=1)}


class Event(msgspec.Struct, frozen=True, gc=False):
    """A transaction in whole numbers. Texts are 32-bit hashes (country and channel: codes), 0 where missing.

    `time` is ms since the epoch; `amount` minor units of the base currency, MISSING without a rate; `log` is
    `log_steps(amount)`, 0 where missing; `hour` counts the week's hours from Monday 00:00 UTC; `latitude` and
    `longitude` are in steps of 1/DEGREE, NOWHERE if either is missing.
    """

    time: int
    amount: int
    log: int
    merchant: int
    location: int
    device: int
    country: int
    channel: int
    hour: int
    latitude: int
    longitude: int
    beneficiary: int
    ip: int
    category: int


class Past(msgspec.Struct, frozen=True, gc=False):
    """An event, and whether its transaction was not approved: what a history remembers of a decision."""

    event: Event
    flagged: bool = False


def of(transaction: Transaction, rates: Rates) -> Event:
    """The event that a transaction is."""
    amount = rates.to_minor(transaction.amount, transaction.currency)
    latitude, longitude = transaction.latitude, transaction.longitude
    located = latitude is not None and longitude is not None
    text = hashing.of_32
    return Event(
        transaction.occurred_at,
        amount,
        0 if amount == MISSING else log_steps(amount),
        text(transaction.merchant),
        text(transaction.location),
        text(transaction.device_id),
        country_code(transaction.country),
        channel_code(transaction.channel),
        (transaction.occurred_at // HOUR + _EPOCH_HOUR) % 168,
        round(latitude * DEGREE) if located and latitude is not None else NOWHERE,
        round(longitude * DEGREE) if located and longitude is not None else NOWHERE,
        text(transaction.beneficiary),
        text(transaction.ip),
        text(transaction.merchant_category),
    )


def log_steps(amount: int) -> int:
    """The natural logarithm of an amount in minor units (at least 1), in whole steps of 1/LOG_STEPS."""
    return round(math.log(max(amount, 1)) * LOG_STEPS)


def channel_code(channel: str | None) -> int:
    """A positive number for a channel; 0 for None and for what is none."""
    return _CHANNEL_CODES.get(channel, 0) if channel else 0


@lru_cache(maxsize=1024)
def country_code(country: str | None) -> int:
    """A positive 16-bit number for two letters; 0 for None."""
    return (ord(country[0]) & 0x7F) << 8 | ord(country[-1]) & 0xFF if country else 0
