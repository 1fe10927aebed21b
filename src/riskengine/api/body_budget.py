"""How many bytes of request bodies a process holds at a time, so that many large ones cannot fill its memory."""

from collections.abc import Iterator
from contextlib import contextmanager

from riskengine.domain.errors import Overloaded


class BodyBudget:
    """So many bytes, of which a request reserves what its body may have before any of it is read."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes that are reserved."""
        return self._held

    @contextmanager
    def reserved(self, size: int) -> Iterator[None]:
        """Has so many bytes reserved while the block runs. Raises Overloaded if there are not so many left."""
        if self._held + size > self._limit:
            raise Overloaded("the bodies of requests under way fill this process; try again in a second", "bodies")
        self._held += size
        try:
            yield
        finally:
            self._held -= size
