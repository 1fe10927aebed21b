"""A line of transactions that wait, oldest first, as portions: so many that came at about the same moment."""

import math
from collections import deque
from collections.abc import Iterable

import msgspec


class Portion(msgspec.Struct, frozen=True, gc=False):
    """`count` transactions, a fraction at times, that were accepted and published at these seconds."""

    accepted_at: float
    published_at: float
    count: float


class Line:
    """First in, first out."""

    def __init__(self) -> None:
        self._portions: deque[Portion] = deque()
        self.count = 0.0

    @property
    def oldest(self) -> Portion | None:
        """The first to leave, which was published before all others."""
        return self._portions[0] if self._portions else None

    @property
    def first_accepted(self) -> float:
        """When the one was accepted that waits longest; infinity if none does. Relayed ones may be behind others."""
        return min((portion.accepted_at for portion in self._portions), default=math.inf)

    def join(self, portion: Portion) -> None:
        """Adds at the end."""
        if portion.count > 0:
            self._portions.append(portion)
            self.count += portion.count

    def return_first(self, portions: Iterable[Portion]) -> None:
        """Puts back, in their order, what had left."""
        for portion in reversed(list(portions)):
            self._portions.appendleft(portion)
            self.count += portion.count

    def leave(self, most: float) -> list[Portion]:
        """Takes up to so many from the beginning."""
        left: list[Portion] = []
        while most > 0 and self._portions:
            first = self._portions.popleft()
            if first.count > most:
                self._portions.appendleft(msgspec.structs.replace(first, count=first.count - most))
                first = msgspec.structs.replace(first, count=most)
            left.append(first)
            most -= first.count
        self.count = self.count - sum(portion.count for portion in left) if self._portions else 0.0
        return left
