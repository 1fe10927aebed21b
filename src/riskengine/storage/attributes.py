"""The attributes that accounts had at each place in their order."""

from bisect import bisect_left
from collections.abc import Collection
from operator import attrgetter

import msgspec

from riskengine.domain.account import Account
from riskengine.storage import accounts
from riskengine.storage.database import Database


class _Change(msgspec.Struct, frozen=True, gc=False):
    """The attributes of an account from a place in its order on."""

    sequence: int
    account: Account


_sequence = attrgetter("sequence")


class Attributes:
    """All that some accounts have been, as PostgreSQL knows it."""

    def __init__(self, changes: dict[str, list[_Change]]) -> None:
        self._changes = changes

    @classmethod
    async def read(cls, database: Database, account_ids: Collection[str]) -> "Attributes":
        """The attributes of these accounts, at any place in their order. Raises Unavailable."""
        changes: dict[str, list[_Change]] = {}
        for row in await database.fetch("replay_attributes", list(account_ids)):
            changed = _Change(row["history_seq"], accounts.from_row(row))
            changes.setdefault(row["account_id"], []).append(changed)
        return cls(changes)

    def at(self, account_id: str, sequence: int) -> Account:
        """What the account was when its decision of that sequence was made."""
        changes = self._changes.get(account_id)
        if changes is None:
            return Account(account_id)
        before = bisect_left(changes, sequence, key=_sequence)
        return changes[before - 1].account if before else Account(account_id)
