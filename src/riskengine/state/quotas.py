"""What each API key has left to send, in Valkey, so that all API processes count together."""

from collections.abc import Sequence

import msgspec

from riskengine.domain.rate_limit import RateLimit
from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import PART, Client
from riskengine.state import commands, scripts

_PARTS = 1_000_000
"""Parts of a transaction that are counted in; `rate` of them come back in a microsecond."""

_THE_SERVERS_CLOCK = 0


class Claim(msgspec.Struct, frozen=True):
    """Wants to send `cost` transactions with a key that has a limit."""

    key_id: str
    limit: RateLimit
    cost: int


class Quota(msgspec.Struct, frozen=True):
    """What became of a claim, and how a key then stands: `taken` is in millionths of a transaction."""

    claim: Claim
    granted: bool
    taken: int

    @property
    def available(self) -> int:
        """Transactions that may be sent at once now."""
        return max(0, self.claim.limit.burst * _PARTS - self.taken) // _PARTS

    @property
    def whole_after(self) -> int:
        """Seconds until the whole burst is available again, rounded up."""
        return self._seconds(self.taken)

    @property
    def granted_after(self) -> int:
        """Seconds until the claim would be granted, rounded up; 0 if it fits now. No wait helps one above the burst."""
        return max(0, self._seconds(self.taken + (self.claim.cost - self.claim.limit.burst) * _PARTS))

    def _seconds(self, parts: int) -> int:
        return -(-parts // (self.claim.limit.rate * _PARTS))


class Quotas:
    """Grants claims, many in one round trip, by the clock of the server."""

    def __init__(self, redis: Client, *, breaker: Breaker | None = None) -> None:
        self._redis = redis
        self._breaker = breaker or Breaker(PART)

    async def take(self, claims: Sequence[Claim]) -> list[Quota]:
        """What became of each claim; those of one key are granted in their order. Raises Unavailable."""
        by_key: dict[tuple[str, RateLimit], list[int]] = {}
        for place, claim in enumerate(claims):
            by_key.setdefault((claim.key_id, claim.limit), []).append(place)
        sent = [_command(key_id, limit, [claims[n].cost for n in at]) for (key_id, limit), at in by_key.items()]
        found: dict[int, Quota] = {}
        for places, answer in zip(by_key.values(), await commands.run(self._redis, self._breaker, sent), strict=True):
            for place, granted, taken in zip(places, answer[::2], answer[1::2], strict=True):
                found[place] = Quota(claims[place], granted == 1, taken)
        return [found[place] for place in range(len(claims))]


def _command(key_id: str, limit: RateLimit, costs: Sequence[int]) -> commands.Command:
    return scripts.call("take_quota", [f"quota:{key_id}"], _THE_SERVERS_CLOCK, limit.rate, limit.burst, *costs)
