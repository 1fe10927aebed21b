"""What accounts share (devices, addresses, beneficiaries, merchants): bounded sets of who used each, and when."""

from riskengine.domain.clock import DAY
from riskengine.domain.transaction import Transaction

MOST_MEMBERS = 64
"""Accounts remembered of one set, those seen last. A count of distinct accounts saturates here."""

WINDOW_MS = DAY
"""How long (ms) before the newest use a member is remembered."""


def keys(transaction: Transaction) -> tuple[str, ...]:
    """The names of all sets that a transaction could belong to; which are kept, a catalogue says (see `commons`)."""
    found = (device(transaction), ip(transaction), beneficiary(transaction), merchant(transaction))
    return tuple(key for key in found if key)


def device(transaction: Transaction) -> str:
    """The name of the device's set; empty without a device."""
    return f"device:{transaction.device_id}" if transaction.device_id else ""


def ip(transaction: Transaction) -> str:
    """The name of the address's set; empty without an address."""
    return f"ip:{transaction.ip}" if transaction.ip else ""


def beneficiary(transaction: Transaction) -> str:
    """The name of the beneficiary's set; empty without a beneficiary."""
    return f"beneficiary:{transaction.beneficiary}" if transaction.beneficiary else ""


def merchant(transaction: Transaction) -> str:
    """The name of the merchant's set; empty without a merchant."""
    return f"merchant:{transaction.merchant}" if transaction.merchant else ""


class Cold(dict[int, int]):
    """Stands for a set that is not known to be whole, and stays empty: what is counted in it is missing."""

    def __setitem__(self, account: int, time: int) -> None:
        """Nothing is added."""


COLD = Cold()


def add(members: dict[int, int], account: int, time: int) -> None:
    """Notes that an account (its 64-bit hash) was seen at `time`. Idempotent, and whatever the order nearly the same.

    A member keeps its latest time, a set the newest of its members: the same as `write_shared.lua` does in Valkey,
    where members of one time are in the order of their digits. An earlier use of a member seen again since is
    forgotten, so for a transaction that comes late the number of accounts is a lower bound.
    """
    members[account] = max(time, members.get(account, time))
    if len(members) <= 1:
        return
    if len(members) > MOST_MEMBERS:
        del members[min(members, key=lambda member: (members[member], str(member)))]
    oldest = max(members.values()) - WINDOW_MS
    if min(members.values()) <= oldest:
        for member in [member for member, seen in members.items() if seen <= oldest]:
            del members[member]
