"""Whether the promise was kept: every accepted transaction has exactly one decision."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from riskengine.storage.database import Database


class Audit(msgspec.Struct, frozen=True):
    """What PostgreSQL holds, beside what the API said it had accepted. All are counts of transactions.

    `accepted` by the API; of these `lost` are not stored and `undecided` have no decision; `stored_twice` and
    `decided_twice` have more than one row; `unknown` were never accepted; `shared_keys` are idempotency keys that more
    than one transaction has; `pending` are still in the outbox.
    """

    accepted: int
    lost: int
    undecided: int
    stored_twice: int
    decided_twice: int
    unknown: int
    shared_keys: int
    pending: int

    @property
    def faults(self) -> list[str]:
        """What is wrong, in words; empty if every accepted transaction has exactly one decision."""
        words = {
            "accepted but not stored": self.lost,
            "accepted but not decided": self.undecided,
            "stored more than once": self.stored_twice,
            "decided more than once": self.decided_twice,
            "stored or decided, but never accepted": self.unknown,
            "stored under an idempotency key of another": self.shared_keys,
            "still in the outbox": self.pending,
        }
        return [f"{count:,} transactions are {what}" for what, count in words.items() if count]


async def audit(database: Database, accepted: Sequence[UUID]) -> Audit:
    """Compares the ids that the API answered with (one that was sent twice may come twice) with all that is stored."""
    row = await database.fetch_one("audit", accepted)
    assert row is not None, "audit.sql always returns a row"
    return Audit(**row)
