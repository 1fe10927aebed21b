"""Who may do what: API keys, remembered for a few seconds."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable

import msgspec
from prometheus_client import Counter

from riskengine.api.bodies import Headers
from riskengine.domain.errors import Forbidden, Unauthenticated
from riskengine.storage import api_keys
from riskengine.storage.api_keys import ApiKey, Scope

REMEMBERED = 4.0
"""Seconds that what PostgreSQL said of a key is relied on, so that a revocation holds everywhere within five."""

MOST_REMEMBERED = 10_000
"""Keys, known and unknown, that are remembered."""

_SCHEME = b"bearer "
_lookups = Counter("riskengine_api_key_lookups_total", "API keys that were looked up in PostgreSQL")


class _Remembered(msgspec.Struct, frozen=True):
    key: "asyncio.Future[ApiKey | None]"
    until: float


class Access:
    """Checks keys. `find` looks one up by its id."""

    def __init__(self, find: Callable[[str], Awaitable[ApiKey | None]]) -> None:
        self._find = find
        self._remembered: dict[str, _Remembered] = {}

    async def check(self, headers: Headers, needed: Scope) -> ApiKey:
        """The request's key, if it is good for the scope. Raises Unauthenticated, Forbidden, Unavailable."""
        given = _key_in(headers)
        key_id = api_keys.key_id_of(given)
        known = None if key_id is None else await self._key(key_id)
        if known is None or known.revoked_at is not None:
            raise Unauthenticated("the API key is unknown or revoked; make one with `riskengine keys create`")
        if not hmac.compare_digest(known.digest, api_keys.digest(given)):
            raise Unauthenticated("the API key is unknown or revoked; make one with `riskengine keys create`")
        require(known, needed)
        return known

    async def _key(self, key_id: str) -> ApiKey | None:
        now = asyncio.get_running_loop().time()
        known = self._remembered.get(key_id)
        if known is None or known.until <= now or _failed(known.key):
            known = self._look_up(key_id, now + REMEMBERED)
        return known.key.result() if known.key.done() else await asyncio.shield(known.key)

    def _look_up(self, key_id: str, until: float) -> _Remembered:
        """Asks PostgreSQL, once for all that wait for the same key."""
        self._remembered.pop(key_id, None)
        while len(self._remembered) >= MOST_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        _lookups.inc()
        known = _Remembered(asyncio.ensure_future(self._find(key_id)), until)
        self._remembered[key_id] = known
        return known


def require(key: ApiKey, needed: Scope) -> None:
    """Returns if the key has the scope. Raises Forbidden."""
    if not key.allows(needed):
        raise Forbidden(f"this needs a key with the scope {needed}")


def _failed(key: "asyncio.Future[ApiKey | None]") -> bool:
    return key.done() and (key.cancelled() or key.exception() is not None)


def _key_in(headers: Headers) -> str:
    bearer = headers.get(b"authorization", b"")
    key = bearer[len(_SCHEME) :].strip() if bearer[: len(_SCHEME)].lower() == _SCHEME else headers.get(b"x-api-key")
    if not key:
        raise Unauthenticated("send an API key, as Authorization: Bearer rk_...")
    return key.decode("latin-1")
