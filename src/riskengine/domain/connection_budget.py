"""How many connections to PostgreSQL the processes take at most, and whether it has so many."""

import msgspec

RESERVE = 5
"""Connections for whoever comes beside the processes: a command (`riskengine verify` takes 3), a person, monitoring."""


class Share(msgspec.Struct, frozen=True):
    """The processes of a role: how many, the most connections of one's pool, and those it has beside (to listen)."""

    role: str
    processes: int
    pool: int
    beside: int

    @property
    def connections(self) -> int:
        """What all of them take at most."""
        return self.processes * (self.pool + self.beside)

    def __str__(self) -> str:
        each = f"({self.pool} + {self.beside})" if self.beside else f"{self.pool}"
        return f"{self.processes} {self.role} × {each}"


class ConnectionBudget(msgspec.Struct, frozen=True):
    """The shares of all processes against what PostgreSQL gives to those who are no superusers (`capacity`)."""

    shares: tuple[Share, ...]
    capacity: int

    @property
    def needed(self) -> int:
        """Connections at most, with those in reserve."""
        return sum(share.connections for share in self.shares) + RESERVE

    @property
    def fits(self) -> bool:
        """Whether nobody can be refused a connection."""
        return self.needed <= self.capacity

    def __str__(self) -> str:
        """The sum, spelled out."""
        terms = " + ".join(str(share) for share in self.shares if share.processes)
        return f"{terms} + {RESERVE} in reserve = {self.needed} of {self.capacity}"
