"""Which accounts the consumers of this process are working on, so that they do not score the same account at once."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar


class _OfAccount(Protocol):
    @property
    def account_id(self) -> str: ...


Item = TypeVar("Item", bound=_OfAccount)


class Claims:
    """Accounts in hand. The fence would refuse the slower of two consumers; this spares its work."""

    def __init__(self) -> None:
        self._claimed: set[str] = set()
        self._released = asyncio.Event()

    def claim(self, items: Sequence[Item]) -> list[Item]:
        """Claims the accounts that are free, and returns the items that belong to them, in order."""
        free = {item.account_id for item in items} - self._claimed
        self._claimed |= free
        return [item for item in items if item.account_id in free]

    def release(self, items: Iterable[Item]) -> None:
        """Gives the accounts of claimed items free again."""
        self._claimed.difference_update(item.account_id for item in items)
        self._released.set()

    async def released(self) -> None:
        """Waits until somebody gives accounts free."""
        self._released.clear()
        await self._released.wait()
