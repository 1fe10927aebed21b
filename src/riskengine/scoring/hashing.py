"""Hashes that are the same in every process and for ever: they are stored, so Python's own `hash` will not do."""

from functools import lru_cache
from hashlib import blake2b

_REMEMBERED = 65_536
"""Texts whose hash is kept at hand: merchants, devices and accounts recur within a batch (about 12 MB when full)."""


@lru_cache(maxsize=_REMEMBERED)
def of_64(text: str) -> int:
    """A signed 64-bit hash (BLAKE2b, RFC 7693): an account among all accounts."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


@lru_cache(maxsize=_REMEMBERED)
def _of_32(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big", signed=True) or 1


def of_32(text: str | None) -> int:
    """A signed 32-bit hash, never 0; 0 stands for a missing text.

    Enough to tell apart what one account meets: two of 768 values coincide in one account of 14 000.
    """
    return _of_32(text) if text else 0
