"""How other accounts of the same type spend: a sample of the latest amounts, one slot for each account.

A fixed number of slots keeps it bounded; setting a slot again changes nothing, so it may be repeated.
"""

import msgspec

from riskengine.scoring import hashing

SLOTS = 16_384
"""Accounts in the sample. Of more than these, those that hash to one slot take turns."""


class Peer(msgspec.Struct, frozen=True, gc=False):
    """An account's latest amount (its logarithm in steps of 1/LOG_STEPS) and its type."""

    log: int
    type: str


class Moments(msgspec.Struct, frozen=True, gc=False):
    """Count, sum and sum of squares of the log amounts of the slots of one type."""

    count: int = 0
    sum: int = 0
    squares: int = 0

    def plus(self, log: int, sign: int) -> "Moments":
        """With one value more (sign 1) or less (sign -1)."""
        return Moments(self.count + sign, self.sum + sign * log, self.squares + sign * log * log)


class Peers(msgspec.Struct):
    """The sample: its slots, and the moments of each account type over all slots.

    A process that shares the sample with others needs only the slots of its accounts, but the moments of all.
    """

    slots: dict[int, Peer] = msgspec.field(default_factory=dict)
    moments: dict[str, Moments] = msgspec.field(default_factory=dict)

    def without(self, slot: int, type_: str) -> Moments:
        """The moments of the type, without the given slot."""
        moments = self.moments.get(type_, _NONE)
        own = self.slots.get(slot)
        return moments.plus(own.log, -1) if own is not None and own.type == type_ else moments

    def put(self, slot: int, peer: Peer) -> None:
        """Sets a slot, and keeps the moments in step."""
        old = self.slots.get(slot)
        if old == peer:
            return
        if old is not None:
            self.moments[old.type] = self.moments.get(old.type, _NONE).plus(old.log, -1)
        self.moments[peer.type] = self.moments.get(peer.type, _NONE).plus(peer.log, 1)
        self.slots[slot] = peer


_NONE = Moments()


def slot_of(account_id: str) -> int:
    """The slot of an account."""
    return hashing.of_64(account_id) % SLOTS
