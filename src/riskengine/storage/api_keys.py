"""API keys in PostgreSQL: made, listed, looked up, limited and revoked. Only digests are kept."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Literal

import msgspec

from riskengine.domain import clock
from riskengine.domain.rate_limit import RateLimit
from riskengine.storage.database import Database, Row

Scope = Literal["ingest", "read", "rules", "admin"]
SCOPES: tuple[Scope, ...] = ("ingest", "read", "rules", "admin")
"""What a key may do: send transactions, read everything, change what decides, or all there is."""

_PREFIX = "rk"
_ID_BYTES = 6
_SECRET_BYTES = 32


class ApiKey(msgspec.Struct, frozen=True):
    """A key without its secret. Times are milliseconds since the epoch; `digest` is the SHA-256 of the whole key.

    `limit` is how much may be sent with it; None: as much as there is.
    """

    key_id: str
    name: str
    digest: bytes
    scopes: frozenset[str]
    created_at: int
    revoked_at: int | None
    limit: RateLimit | None = None

    def allows(self, needed: Scope) -> bool:
        """Whether the key may do what needs this scope."""
        return needed in self.scopes or "admin" in self.scopes

    @property
    def person(self) -> str:
        """Who acts with the key, as it is written down beside what was done."""
        return f"{self.name} ({self.key_id})"


async def create(database: Database, name: str, scopes: Sequence[Scope], limit: RateLimit | None = None) -> str:
    """Makes a key, and returns it: this is the only time that it is seen."""
    key_id = secrets.token_hex(_ID_BYTES)
    key = f"{_PREFIX}_{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    await database.fetch("api_key_create", key_id, name, digest(key), list(scopes), *_columns(limit))
    return key


async def find(database: Database, key_id: str) -> ApiKey | None:
    """The key of that id, revoked or not; None if there is none."""
    row = await database.fetch_one("api_key_find", key_id)
    return None if row is None else _from_row(row)


async def every(database: Database) -> list[ApiKey]:
    """All keys, oldest first."""
    return [_from_row(row) for row in await database.fetch("api_key_list")]


async def revoke(database: Database, key_id: str) -> bool:
    """Ends a key, for good. Says whether there was a key of that id that was still good."""
    return await database.fetch_one("api_key_revoke", key_id) is not None


async def set_limit(database: Database, key_id: str, limit: RateLimit | None) -> bool:
    """Sets how much may be sent with a key; None ends its limit. Says whether there was a good key of that id."""
    return await database.fetch_one("api_key_limit", key_id, *_columns(limit)) is not None


def key_id_of(key: str) -> str | None:
    """The id in a key; None if it does not look like one."""
    prefix, _, rest = key.partition("_")
    key_id, _, secret = rest.partition("_")
    return key_id if prefix == _PREFIX and key_id and secret else None


def digest(key: str) -> bytes:
    """What is kept of a key. A plain SHA-256 will do: a secret of 256 random bits cannot be guessed."""
    return hashlib.sha256(key.encode()).digest()


def _columns(limit: RateLimit | None) -> tuple[int | None, int | None]:
    return (None, None) if limit is None else (limit.rate, limit.burst)


def _from_row(row: Row) -> ApiKey:
    revoked_at = row["revoked_at"]
    return ApiKey(
        key_id=row["key_id"],
        name=row["name"],
        digest=row["key_digest"],
        scopes=frozenset(row["scopes"]),
        created_at=clock.to_ms(row["created_at"]),
        revoked_at=None if revoked_at is None else clock.to_ms(revoked_at),
        limit=None if row["rate"] is None else RateLimit(row["rate"], row["burst"]),
    )
