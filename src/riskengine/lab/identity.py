"""Transaction ids that are a function of the content: the same file or seed gives the same ids, run after run."""

from uuid import UUID

_VERSION_7 = 0x7 << 76
_VARIANT = 0x2 << 62
_LOW_12 = (1 << 12) - 1
_LOW_62 = (1 << 62) - 1

ENTROPY_BITS = 74


def identify(created_at_ms: int, entropy: int) -> UUID:
    """The UUIDv7 created at the given millisecond whose 74 free bits are the low bits of `entropy`."""
    high, low = (entropy >> 62) & _LOW_12, entropy & _LOW_62
    return UUID(int=created_at_ms << 80 | _VERSION_7 | high << 64 | _VARIANT | low)
