"""How much keys may send: asked of all API processes' common count, where a key has a limit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from prometheus_client import Counter

from riskengine.domain.errors import Unavailable
from riskengine.pipeline.gathering import Gathering
from riskengine.pipeline.room import Room
from riskengine.state.quotas import Claim, Quota

PATIENCE = 0.25
"""Seconds to wait for an answer: a limit is not worth a slow request."""

LOOK_AGAIN = 1.0
"""Seconds without asking after there was no answer."""

MOST_WAITING = 100_000
"""Claims that wait to be asked: far more than there can be requests under way."""

_open = Counter("riskengine_rate_limits_open_total", "Requests let through unlimited, because Redis did not answer")
_log = structlog.get_logger()


class Limiter:
    """Asks for quotas, for concurrent requests at once. While there is no answer, everything is let through."""

    def __init__(self, take: Callable[[Sequence[Claim]], Awaitable[Sequence[Quota]]]) -> None:
        self._take = take
        self._gathering: Gathering[Claim, Quota | None] = Gathering(self._ask, Room(MOST_WAITING))
        self._asks_from = 0.0
        self._is_open = False

    async def claim(self, claim: Claim) -> Quota | None:
        """What became of the claim; None if that is not known at the moment, so that it is not to be refused."""
        return await self._gathering.submit(claim)

    async def _ask(self, claims: Sequence[Claim]) -> Sequence[Quota | None]:
        now = asyncio.get_running_loop().time()
        if now >= self._asks_from:
            try:
                async with asyncio.timeout(PATIENCE):
                    quotas = await self._take(claims)
            except (Unavailable, TimeoutError):
                self._asks_from = now + LOOK_AGAIN
                self._turn(is_open=True)
            else:
                self._turn(is_open=False)
                return quotas
        _open.inc(len(claims))
        return [None] * len(claims)

    def _turn(self, *, is_open: bool) -> None:
        if is_open and not self._is_open:
            _log.warning("rate_limits_open", part="redis")
        elif self._is_open and not is_open:
            _log.info("rate_limits_back")
        self._is_open = is_open
