"""What one request takes from what its key may send."""

from riskengine.api.answers import Header
from riskengine.api.limiter import Limiter
from riskengine.domain.errors import FieldError, InvalidInput, RateLimited
from riskengine.domain.rate_limit import RateLimit
from riskengine.state.quotas import Claim, Quota
from riskengine.storage.api_keys import ApiKey

_POLICY = '"default"'


class Toll:
    """Charges a request. `headers` say how its key then stands, as draft-ietf-httpapi-ratelimit-headers has it.

    A key without a limit costs nothing, and has no headers.
    """

    def __init__(self, limiter: Limiter, key: ApiKey) -> None:
        self._limiter = limiter
        self._key = key
        self.headers: tuple[Header, ...] = ()

    async def pay(self, cost: int = 1) -> None:
        """Takes so many transactions. Raises RateLimited, and InvalidInput if the key never takes so many at once."""
        limit = self._key.limit
        if limit is None:
            return
        if cost > limit.burst:
            advice = f"must not be more than the {limit.burst} that this API key may send at once; send smaller batches"
            raise InvalidInput((FieldError("transactions", advice),))
        quota = await self._limiter.claim(Claim(self._key.key_id, limit, cost))
        if quota is None:
            return
        self.headers = _headers(limit, quota)
        if not quota.granted:
            raise RateLimited(quota.granted_after)


def _headers(limit: RateLimit, quota: Quota) -> tuple[Header, ...]:
    """The quota is the burst, its window the time in which that comes back."""
    window = -(-limit.burst // limit.rate)
    within = quota.whole_after if quota.granted else quota.granted_after
    return (
        (b"ratelimit-policy", f"{_POLICY};q={limit.burst};w={window}".encode()),
        (b"ratelimit", f"{_POLICY};r={quota.available};t={within}".encode()),
    )
