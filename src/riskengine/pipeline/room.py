"""Room for transactions that are not stored yet: how many of them one process holds at a time."""

from types import TracebackType
from typing import Self

from riskengine.domain.errors import Overloaded


class Room:
    """Counts places; what comes one by one, in batches or for a decision shares them, so that there is one limit.

    A batch larger than the whole room gets in when nobody else is there.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0

    @property
    def depth(self) -> int:
        """Places that are taken."""
        return self._taken

    def check(self) -> None:
        """Returns if there is a place left. Raises Overloaded."""
        if self._taken >= self._limit:
            raise self._full()

    def take(self, count: int = 1) -> "Places":
        """Places, until they are left. Raises Overloaded if there are not so many."""
        if self._taken and self._taken + count > self._limit:
            raise self._full()
        return Places(self, count)

    def count(self, change: int) -> None:
        """For places: so many more are taken."""
        self._taken += change

    def _full(self) -> Overloaded:
        return Overloaded(f"{self._taken} transactions wait already to be stored; try again in a second", "waiting")


class Places:
    """Places that somebody has; as a context manager, until its end."""

    def __init__(self, room: Room, count: int) -> None:
        self._room = room
        self._count = 0
        self.resize(count)

    def resize(self, count: int) -> None:
        """It turned out that so many are needed. Who is in stays in, be there room or not."""
        self._room.count(count - self._count)
        self._count = count

    def leave(self) -> None:
        """Gives them back; a second time does nothing."""
        self.resize(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
