"""A digest over rows in their order, the same wherever they are read from: PostgreSQL's own, or a file."""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec


class Digest:
    """SHA-256 over all values of all rows, in the order of the primary key; each in MessagePack, which is exact."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._encode = msgspec.msgpack.Encoder().encode
        self.rows = 0

    def take(self, rows: Iterable[Sequence[object]]) -> None:
        """Goes on with these rows."""
        for row in rows:
            self._hash.update(self._encode(tuple(row)))
            self.rows += 1

    @property
    def hex(self) -> str:
        """The digest of all rows so far."""
        return self._hash.hexdigest()
