"""Amounts of all currencies in one: whole hundredths of the base currency, by integer arithmetic."""

from datetime import date
from decimal import Decimal
from functools import cached_property

import msgspec

from riskengine.domain.errors import ConfigurationError

MINOR = 100
"""Minor units (hundredths) of the base currency in one unit of it."""

MISSING = -1
"""The amount in minor units of a currency without a rate."""


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """A numbered table of exchange rates, those of one day; new rates are a new version.

    `rates` says how many units of each currency one unit of `base` is worth.
    """

    version: int
    as_of: date
    base: str
    rates: dict[str, Decimal]

    def __post_init__(self) -> None:
        if self.rates.get(self.base) != 1:
            raise ConfigurationError(f"the rates do not say that 1 {self.base} is 1 {self.base}, the base currency")
        for currency, rate in self.rates.items():
            if not rate.is_finite() or rate <= 0:
                raise ConfigurationError(
                    f"the rate of {currency} is {rate}; give how many {currency} buy 1 {self.base}"
                )

    def to_minor(self, amount: Decimal, currency: str) -> int:
        """The amount in minor units of the base currency, a tie going to the even one; MISSING without a rate."""
        rate = self._ratios.get(currency)
        if rate is None:
            return MISSING
        numerator, denominator = amount.as_integer_ratio()
        divisor = denominator * rate[0]
        minor, remainder = divmod(numerator * MINOR * rate[1], divisor)
        remainder *= 2
        return minor + (remainder > divisor or (remainder == divisor and minor & 1))

    @cached_property
    def _ratios(self) -> dict[str, tuple[int, int]]:
        """Numerator and denominator of each rate."""
        return {currency: rate.as_integer_ratio() for currency, rate in self.rates.items()}


def load(text: str | bytes) -> Rates:
    """Reads a table from YAML. Raises ConfigurationError if it is not one."""
    try:
        return msgspec.yaml.decode(text, type=Rates)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"the exchange rates cannot be read: {error}") from error
