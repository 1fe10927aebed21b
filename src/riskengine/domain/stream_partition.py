"""Which partition an account belongs to: of the queue's streams, and of what is kept in Valkey.

Everything of one partition carries the same hash tag, `{3}` of partition 3, so that a cluster keeps it in one slot, and
a command or script may take all of it at once. (The monthly partitions of PostgreSQL are another matter.)
"""

from functools import lru_cache
from hashlib import md5

BUCKETS = 16_384
"""Buckets that names fall into, whatever the number of partitions: each partition has some of them, by remainder."""

MOST_PARTITIONS = 256
"""Partitions there may be: some twenty for each node of a large cluster."""

_REMEMBERED = 100_000  # names whose bucket is kept at hand


@lru_cache(maxsize=_REMEMBERED)
def bucket(name: str) -> int:
    """The bucket of a name. PostgreSQL computes the same: `('x' || left(md5(name), 8))::bit(32)::bigint % 16384`."""
    return int.from_bytes(md5(name.encode(), usedforsecurity=False).digest()[:4], "big") % BUCKETS


def of(name: str, partitions: int) -> int:
    """The partition of a name, from 0, where there are so many."""
    return bucket(name) % partitions


def tag(partition: int) -> str:
    """What keys of the partition have in them, so that a cluster keeps them in one slot."""
    return f"{{{partition}}}"
