"""What is asked of a planner: a load, for how long it is kept, and how much is to be left free."""

import math

import msgspec

from riskengine.capacity.mix import Mix
from riskengine.domain.clock import DAY, SECOND
from riskengine.domain.errors import ConfigurationError
from riskengine.settings import RETENTION_MONTHS

UTILISATION = 0.7
"""The share of a processor that is planned with: above it, for five minutes, the specification adds processes (A2)."""

HEADROOM = round(1 - UTILISATION, 6)
"""The share that is left free, if nothing else is asked for."""

MOST_HEADROOM = 0.9
"""More than nine tenths idle is no plan, and 1 would need machines without end."""

MOST_TPS = 10_000_000.0
"""Transactions a second that may be asked for: ten times what docs/scale.md reckons with."""

MOST_MONTHS = 1200
"""Months that may be kept: the bound of RETENTION_MONTHS."""

PAYMENTS_A_DAY = 3
"""Payments of an account on a day on which it pays, where the number of accounts is not given: about as in life."""

OUTAGE_MINUTES = 10.0
"""Minutes for which workers may be away at peak and all is still in the queue: time for somebody to come."""

MOST_OUTAGE_MINUTES = 7 * 24 * 60.0
"""A week: who plans for more has no queue, but an archive."""


class Demand(msgspec.Struct, frozen=True):
    """Transactions a second on average, day and night, and at peak (None: the same); months that stay in PostgreSQL.

    `accounts` are those whose histories are to be in memory (None: those that pay on a day, at PAYMENTS_A_DAY each).
    `headroom` is the share of each processor that is to be free at peak. Raises ConfigurationError.
    """

    tps: float
    peak: float | None = None
    retention_months: int = RETENTION_MONTHS
    accounts: int | None = None
    mix: Mix = Mix()
    headroom: float = HEADROOM
    outage_minutes: float = OUTAGE_MINUTES

    def __post_init__(self) -> None:
        faults = [*self._load_faults(), *self._other_faults()]
        if faults:
            raise ConfigurationError("this cannot be planned for: " + "; ".join(faults))

    @property
    def at_peak(self) -> float:
        """Transactions a second at peak."""
        return self.tps if self.peak is None else self.peak

    @property
    def active_accounts(self) -> int:
        """Accounts whose histories are to be in memory."""
        per_day = self.tps * DAY / SECOND
        return math.ceil(per_day / PAYMENTS_A_DAY) if self.accounts is None else self.accounts

    @property
    def utilisation(self) -> float:
        """The share of each processor that is used at peak."""
        return 1 - self.headroom

    def _load_faults(self) -> list[str]:
        faults = []
        if not 0 < self.tps <= MOST_TPS:  # not a number is refused too
            faults.append(f"--tps is {self.tps:g}: give transactions a second above 0, up to {MOST_TPS:,.0f}")
        if self.peak is not None and not self.peak <= MOST_TPS:
            faults.append(f"--peak is {self.peak:g}: give transactions a second up to {MOST_TPS:,.0f}")
        if self.peak is not None and self.peak < self.tps:
            faults.append(f"--peak is {self.peak:g}, below --tps {self.tps:g}: give at least that, or leave it out")
        return faults

    def _other_faults(self) -> list[str]:
        faults = []
        if not 1 <= self.retention_months <= MOST_MONTHS:
            faults.append(f"--retention is {self.retention_months}: give months from 1 to {MOST_MONTHS}")
        if self.accounts is not None and self.accounts < 1:
            faults.append(f"--accounts is {self.accounts}: give at least 1, or leave it out")
        if not 0 <= self.headroom <= MOST_HEADROOM:
            faults.append(f"--headroom is {self.headroom:g}: give a share from 0 to {MOST_HEADROOM}")
        if not 0 < self.outage_minutes <= MOST_OUTAGE_MINUTES:
            faults.append(f"--outage is {self.outage_minutes:g}: give minutes up to {MOST_OUTAGE_MINUTES:,.0f}")
        return faults
