"""What is costly to make and asked for again, kept until there is too much of it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from prometheus_client import Counter

Key = TypeVar("Key")
Value = TypeVar("Value")

_asked = Counter(
    "riskengine_old_versions_total", "Times an old engine or table of rates was asked for", ["what", "found"]
)


class Kept(Generic[Key, Value]):
    """Up to `most` values by key; the one that was asked for longest ago goes first. `what` names them in a metric."""

    def __init__(self, make: Callable[[Key], Awaitable[Value]], most: int, what: str) -> None:
        self._make = make
        self._most = most
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._making = asyncio.Lock()
        self._hit, self._miss = (_asked.labels(what, found) for found in ("kept", "made"))

    async def get(self, key: Key) -> Value:
        """The value, made if need be, one at a time. Raises what making it raises, and tries again the next time."""
        if key not in self._values:
            async with self._making:
                if key not in self._values:
                    self._miss.inc()
                    return self._add(key, await self._make(key))
        self._hit.inc()
        self._values.move_to_end(key)
        return self._values[key]

    def put(self, key: Key, value: Value) -> None:
        """Keeps a value that was made elsewhere."""
        self._add(key, value)

    def clear(self) -> None:
        """Forgets all values."""
        self._values.clear()

    def _add(self, key: Key, value: Value) -> Value:
        self._values[key] = value
        while len(self._values) > self._most:
            self._values.popitem(last=False)
        return value
