"""The breakers of a process: one for each part that it may lose and get back."""

import msgspec

from riskengine.resilience.breaker import Breaker, Limits


class Breakers(msgspec.Struct, frozen=True):
    """Each is shared by all that use its part."""

    postgresql: Breaker
    redis: Breaker
    model: Breaker

    @classmethod
    def of(cls, limits: Limits) -> "Breakers":
        """Closed ones, with the same limits."""
        return cls(Breaker("postgresql", limits), Breaker("redis", limits), Breaker("model", limits))
