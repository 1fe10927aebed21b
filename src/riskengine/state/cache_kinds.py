"""What is cached in Valkey: for how long, how much of it, and what tells that it holds no more."""

from uuid import UUID

import msgspec

from riskengine.domain.clock import DAY, HOUR, MINUTE, SECOND
from riskengine.state.commands import Command


class Kind(msgspec.Struct, frozen=True):
    """A kind of cached values; `name` is what metrics call it.

    A value lives for `ttl_ms`. With `slots` there are so many places at most, and what comes later to one takes it.
    `settled_ms` is how long a value is served though its truth has changed: what changes all the time would never be.
    """

    name: str
    ttl_ms: int
    slots: int = 0
    settled_ms: int = 0


DECISION = Kind("decision", DAY, slots=1 << 16)
"""A decision with its transaction. Never changes. About 650 bytes, as Valkey counts: 43 MB in all places."""

TRANSACTION = Kind("transaction", DAY, slots=1 << 14)
"""A decided transaction as it is shown. Never changes. About 900 bytes (metadata apart): 15 MB in all places."""

PROFILE = Kind("profile", 5 * MINUTE, settled_ms=20 * SECOND)
"""An account's profile, about 1.5 kB. Of an account that is decided on all the time it is up to 20 s old."""

SUMMARY_RECENT = Kind("summary_recent", 5 * MINUTE)
"""Analytics of days among which are today or yesterday (UTC)."""

SUMMARY_HISTORICAL = Kind("summary_historical", HOUR)
"""Analytics of older days."""


RECENT, HISTORICAL = "recent", "historical"
"""The marks that guard summaries: of today and yesterday, and of all days before."""

GROUPS = 8
"""Groups of places: as few commands for a batch of decisions, and enough to be spread over a cluster."""


class Entry(msgspec.Struct, frozen=True):
    """A place in the cache that several may fill at once, of whom one does.

    `guard` is a command; the value holds while its answer is what it was before the value was loaded. An answer that
    there is nothing (the server was emptied, or forgot it) says nothing, and the value holds for its time.
    """

    kind: Kind
    name: str
    guard: Command

    @property
    def key(self) -> str:
        """Its key in Valkey."""
        return f"cache:{self.kind.name}:{self.name}"


class Fact(msgspec.Struct, frozen=True):
    """A place in the cache for what never changes, by the id of its transaction."""

    kind: Kind
    transaction_id: UUID

    @property
    def place(self) -> int:
        """Where it is cached, with all ids of the same place: so a value must say whose it is."""
        return self.transaction_id.int % self.kind.slots

    @property
    def key(self) -> str:
        """Its key in Valkey. Those of a group lie in one slot of a cluster, and can be written by one command."""
        place = self.place
        return f"cache:{self.kind.name}:{{{place % GROUPS}}}:{place}"
