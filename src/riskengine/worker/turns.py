"""Whose turn it is to read: the consumers of a process take turns, so that batches are as large as they can be."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

LINGER = 0.010
"""Seconds between two reads of a process. What arrives meanwhile shares a batch: each costs about 1 ms."""

Item = TypeVar("Item")


class Turns:
    """One consumer reads at a time, while the others work. After a full batch the next may read at once."""

    def __init__(self, full: int) -> None:
        self._full = full
        self._turn = asyncio.Lock()
        self._not_before = 0.0

    async def read(self, read: Callable[[], Awaitable[Sequence[Item]]]) -> Sequence[Item]:
        """What `read` gives, when it is this consumer's turn."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            if (early := self._not_before - loop.time()) > 0:
                await asyncio.sleep(early)
            items = await read()
            self._not_before = 0.0 if len(items) >= self._full else loop.time() + LINGER
            return items
