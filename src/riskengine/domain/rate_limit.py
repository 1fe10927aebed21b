"""How much an API key may send."""

from typing import Final

import msgspec

MOST: Final = 1_000_000
"""Transactions a second, or at once: beyond it, no limit is needed."""


class RateLimit(msgspec.Struct, frozen=True):
    """At most `rate` transactions a second on average, and `burst` at once; both from 1 to MOST."""

    rate: int
    burst: int

    def __str__(self) -> str:
        return f"{self.rate:,} a second, {self.burst:,} at once"
