"""What PostgreSQL holds in the end."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import msgspec

from riskengine.domain import clock
from riskengine.domain.dead_letter import DeadLetter
from riskengine.storage import dead_letters
from riskengine.storage.database import Database
from riskengine.storage.dead_letters import Selection

_PAGE = 500


class Stored(msgspec.Struct, frozen=True, gc=False):
    """A row of transactions. `failures` are None if it is not pending; `held` says that a dead letter holds it.

    `digest` is the idempotency key that stands for it, None if there is none.
    """

    transaction_id: UUID
    key: str
    digest: UUID | None
    account_id: str
    amount: Decimal
    currency: str
    occurred_at: int
    failures: int | None
    held: bool


class Decided(msgspec.Struct, frozen=True, gc=False):
    """A row of decisions, with the account's fence (None without an account) and the features that are counted anew."""

    transaction_id: UUID
    account_id: str
    sequence: int
    fence: int | None
    score: float
    outcome: str
    features: tuple[float, ...]


class Holdings(msgspec.Struct, frozen=True):
    """All of it. `decided` is in the order of the accounts."""

    stored: list[Stored]
    decided: list[Decided]
    letters: list[DeadLetter]


async def read(database: Database, places: Sequence[int]) -> Holdings:
    """Reads all that is stored; `places` are those of four features, from 1. Raises Unavailable."""
    stored = [
        Stored(
            _uuid(row["transaction_id"]),
            row["idempotency_key"],
            row["key_digest"] and _uuid(row["key_digest"]),
            row["account_id"],
            row["amount"],
            row["currency"],
            clock.to_ms(row["occurred_at"]),
            row["failures"],
            row["held"],
        )
        for row in await database.fetch("chaos_stored")
    ]
    decided = [
        Decided(
            _uuid(row["transaction_id"]),
            row["account_id"],
            row["account_sequence"],
            row["history_seq"],
            row["score"],
            row["outcome"],
            tuple(row["features"]),
        )
        for row in await database.fetch("chaos_decided", *places)
    ]
    return Holdings(stored, decided, await _letters(database))


async def _letters(database: Database) -> list[DeadLetter]:
    letters: list[DeadLetter] = []
    before = dead_letters.LAST
    while page := await dead_letters.page(database, Selection(), _PAGE, before):
        letters += page
        before = page[-1].letter_id
    return letters


def _uuid(value: UUID) -> UUID:
    """asyncpg's own UUIDs compare slower."""
    return UUID(bytes=value.bytes)
