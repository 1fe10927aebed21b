"""Transaction ids: UUIDv7 (RFC 9562), whose first 48 bits are the time of creation in milliseconds.

Because the id carries its own `created_at`, a lookup by id alone knows which monthly partition to read.
"""

import os
from uuid import UUID

from riskengine.domain import clock

_VERSION_7 = 0x7 << 76
_VARIANT = 0x2 << 62
_RANDOM_BITS = (1 << 76) - 1
_LOW_62 = (1 << 62) - 1


def new(created_at_ms: int | None = None) -> UUID:
    """A new id, created at the given time (milliseconds since the epoch; now if not given)."""
    ms = clock.now_ms() if created_at_ms is None else created_at_ms
    random = int.from_bytes(os.urandom(10), "big") & _RANDOM_BITS
    return UUID(int=(ms << 80) | _VERSION_7 | ((random >> 62) & 0xFFF) << 64 | _VARIANT | (random & _LOW_62))


def created_at_ms(transaction_id: UUID) -> int:
    """When the id was made, in milliseconds since the epoch."""
    return transaction_id.int >> 80


def first(ms: int) -> UUID:
    """The least id that a transaction of that millisecond could have: a bound for ranges of ids."""
    return UUID(int=ms << 80)
