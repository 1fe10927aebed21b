"""Where failed transactions come from, in Valkey for a while: their next try goes on in the same trace."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from riskengine.domain.clock import HOUR, SECOND
from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import PART, Client
from riskengine.state import commands
from riskengine.telemetry.origin import Origin

KEPT_FOR = HOUR // SECOND
"""Seconds: longer than the usual retries take. A later one is traced no more, which costs nobody anything."""


class Origins:
    """Keeps the origins of transactions that are traced. There are few: what failed, of what is sampled."""

    def __init__(self, redis: Client, *, breaker: Breaker | None = None) -> None:
        self._redis = redis
        self._breaker = breaker or Breaker(PART)

    async def keep(self, origins: Mapping[UUID, Origin]) -> None:
        """Keeps them for an hour. Raises Unavailable."""
        await commands.run(
            self._redis,
            self._breaker,
            [("SET", _key(of), b"%b %b" % (o.traceparent, o.request_id), "EX", KEPT_FOR) for of, o in origins.items()],
        )

    async def find(self, transaction_ids: Sequence[UUID]) -> dict[UUID, Origin]:
        """Those that are kept, of these transactions. Raises Unavailable."""
        values = await commands.run(self._redis, self._breaker, [("GET", _key(of)) for of in transaction_ids])
        found = zip(transaction_ids, values, strict=True)
        return {of: Origin(*value.split(b" ", 1)) for of, value in found if value is not None}


def _key(transaction_id: UUID) -> str:
    return f"trace:{transaction_id}"
