"""What is on a list, by kind, and until when: looked up in the same time whatever the list's size."""

from collections.abc import Iterable
from typing import Protocol, Self

from riskengine.domain import networks
from riskengine.domain.listing import Entry, Kind

NEVER = 2**63 - 1
"""When an entry without a time ends, in milliseconds since the epoch."""


class Members(Protocol):
    """The entries of one list."""

    def contains(self, value: str | None, at: int) -> bool:
        """Whether the value of a transaction is on the list at that time (ms since the epoch)."""
        ...

    def copy(self) -> Self:
        """The same entries, to be changed apart."""
        ...

    def add(self, entries: Iterable[Entry]) -> None:
        """Takes entries in; one that is there already gets the new time."""
        ...

    def remove(self, values: Iterable[str]) -> None:
        """Takes values out; one that is not there does not matter."""
        ...

    def __len__(self) -> int: ...


class Values:
    """Values that are compared as they are."""

    def __init__(self, until: dict[str | None, int] | None = None) -> None:
        self._until = until or {}

    def contains(self, value: str | None, at: int) -> bool:
        """Whether exactly this value is on the list."""
        return at < self._until.get(value, 0)

    def copy(self) -> Self:
        """The same entries, to be changed apart."""
        return type(self)(self._until.copy())

    def add(self, entries: Iterable[Entry]) -> None:
        """Takes entries in."""
        for entry in entries:
            self._until[entry.value] = _until(entry)

    def remove(self, values: Iterable[str]) -> None:
        """Takes values out."""
        for value in values:
            self._until.pop(value, None)

    def __len__(self) -> int:
        return len(self._until)


class Bins(Values):
    """First digits of cards: a card is on the list if it begins with an entry."""

    def contains(self, value: str | None, at: int) -> bool:
        """Whether the first 6, 7 or 8 digits are on the list."""
        if value is None:
            return False
        until = self._until.get
        return at < until(value[:6], 0) or at < until(value[:7], 0) or at < until(value[:8], 0)


class Networks:
    """Networks: an address is on the list if any of them, of whatever size, holds it.

    One table for each size that there is, by the bits that its networks fix. An IPv4 address in its IPv6 form
    (::ffff:192.0.2.1) is also looked up as what it stands for.
    """

    def __init__(self, tables: dict[int, dict[int, dict[int, int]]] | None = None) -> None:
        self._tables = tables or {32: {}, 128: {}}

    def contains(self, value: str | None, at: int) -> bool:
        """Whether a network that is on the list holds the address. What is no address is in none."""
        address = None if value is None else networks.address(value)
        if address is None:
            return False
        if self._holds(address, at):
            return True
        meant = networks.mapped(address)
        return meant is not None and self._holds(meant, at)

    def copy(self) -> Self:
        """The same entries, to be changed apart."""
        return type(self)(
            {width: {size: table.copy() for size, table in sizes.items()} for width, sizes in self._tables.items()}
        )

    def add(self, entries: Iterable[Entry]) -> None:
        """Takes entries in."""
        for entry in entries:
            network = networks.read(entry.value)
            table = self._tables[network.width].setdefault(network.shift, {})
            table[network.address >> network.shift] = _until(entry)

    def remove(self, values: Iterable[str]) -> None:
        """Takes values out."""
        for value in values:
            network = networks.read(value)
            sizes = self._tables[network.width]
            table = sizes.get(network.shift, {})
            table.pop(network.address >> network.shift, None)
            if not table:
                sizes.pop(network.shift, None)

    def __len__(self) -> int:
        return sum(len(table) for sizes in self._tables.values() for table in sizes.values())

    def _holds(self, address: networks.Network, at: int) -> bool:
        number = address.address
        return any(at < table.get(number >> shift, 0) for shift, table in self._tables[address.width].items())


def empty(kind: Kind) -> Members:
    """No entries, of that kind."""
    match kind:
        case "network":
            return Networks()
        case "bin":
            return Bins()
        case _:
            return Values()


def _until(entry: Entry) -> int:
    return NEVER if entry.expires_at is None else entry.expires_at
