"""How payments come: singly, in batches, or with somebody who waits for the decision; and what one costs then."""

import math

import msgspec

from riskengine.capacity.calibration import Calibration, Costs
from riskengine.domain.errors import ConfigurationError

TOLERANCE = 1e-6
"""By how much shares may miss 1 in all: thirds that were typed as decimals should do, and errors should not."""

_NAMES = {"single": "singles", "batch": "batches", "decisions": "decisions"}


class Mix(msgspec.Struct, frozen=True):
    """Shares of all transactions, 1 together. Raises ConfigurationError if they are not."""

    singles: float = 1.0
    batches: float = 0.0
    decisions: float = 0.0

    def __post_init__(self) -> None:
        shares = (self.singles, self.batches, self.decisions)
        if not all(math.isfinite(share) and share >= 0 for share in shares) or abs(sum(shares) - 1) > TOLERANCE:
            raise ConfigurationError(
                f"the shares of a mix are {', '.join(f'{share:g}' for share in shares)}: give shares from 0 to 1 that "
                "add up to 1, as in `single=0.7,batch=0.2,decisions=0.1`"
            )

    @classmethod
    def parse(cls, text: str) -> "Mix":
        """`single`, `batch` or `decisions` alone, or shares: `single=0.7,batch=0.3`. Raises ConfigurationError."""
        shares = dict.fromkeys(_NAMES.values(), 0.0)
        for part in text.split(","):
            name, given, share = part.strip().partition("=")
            try:
                shares[_NAMES[name]] += float(share) if given else 1.0
            except (KeyError, ValueError):
                raise ConfigurationError(
                    f"'{part}' is no part of a mix: name `single`, `batch` or `decisions`, or shares of them, as in "
                    "`single=0.7,batch=0.2,decisions=0.1`"
                ) from None
        return cls(**shares)

    @property
    def queued(self) -> float:
        """The share that workers decide: all but those that somebody waits for."""
        return self.singles + self.batches

    def costs(self, calibration: Calibration) -> Costs:
        """What a transaction of this mix costs, on average."""
        parts = (
            (self.singles, calibration.singles),
            (self.batches, calibration.batches),
            (self.decisions, calibration.decisions),
        )
        return Costs(
            **{name: sum(share * getattr(costs, name) for share, costs in parts) for name in Costs.__struct_fields__}
        )

    def __str__(self) -> str:
        told = ((name, getattr(self, field)) for name, field in _NAMES.items())
        return ", ".join(f"{share:.0%} {name}" for name, share in told if share)
