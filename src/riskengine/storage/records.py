"""Transactions as people look at them: with what came along, and with what was decided."""

from uuid import UUID

import msgspec

from riskengine.domain import clock, ids
from riskengine.domain.outcome import STATUS_OF_OUTCOME, Level, Outcome, Status
from riskengine.domain.transaction import Transaction
from riskengine.storage import transactions
from riskengine.storage.database import Database, Row

LAST_TIME = 253_402_300_799_999
"""The end of the year 9999, in milliseconds since the epoch: no later time can be written."""

_NOTABLE = (Outcome.REVIEW, Outcome.DECLINE)


class Record(msgspec.Struct, frozen=True):
    """A stored transaction. `metadata` is JSON text; outcome, score and level are None while it is pending."""

    transaction: Transaction
    idempotency_key: str
    metadata: str | None
    outcome: Outcome | None
    score: float | None
    level: Level | None

    @property
    def status(self) -> Status:
        """Where it stands."""
        return Status.PENDING if self.outcome is None else STATUS_OF_OUTCOME[self.outcome]


class Filter(msgspec.Struct, frozen=True):
    """Which records: all that is given must hold. `pending` ones have no outcome: to ask for both finds nothing.

    `since` (included) and `until` (not) say when they were accepted, in milliseconds since the epoch.
    """

    account_id: str | None = None
    pending: bool = False
    outcome: Outcome | None = None
    since: int = 0
    until: int = LAST_TIME


def may_exist(transaction_id: UUID) -> bool:
    """Whether the id could be one of ours: a UUIDv7 with a time that can be written."""
    return transaction_id.version == 7 and ids.created_at_ms(transaction_id) <= LAST_TIME


async def get(database: Database, transaction_id: UUID) -> Record | None:
    """The record of that id, or None."""
    if not may_exist(transaction_id):
        return None
    created_at = clock.to_datetime(ids.created_at_ms(transaction_id))
    row = await database.fetch_one("transaction_get", transaction_id, created_at)
    return None if row is None else _from_row(row)


async def page(database: Database, wanted: Filter, before: UUID | None, size: int) -> list[Record]:
    """Up to `size` records, newest first, of those that are older than `before`.

    Ids grow with time: a page is a range of ids, read from where the last one ended, and needs no offset. The statement
    is the one that starts from the fewest rows: one account's, the pending, or those that are not approved.
    """
    end = ids.first(wanted.until) if before is None else min(ids.first(wanted.until), before)
    latest = min(ids.created_at_ms(end), LAST_TIME)
    bounds = (ids.first(wanted.since), end, clock.to_datetime(wanted.since), clock.to_datetime(latest), size)
    if wanted.account_id is not None:
        rows = await database.fetch("records_of_account", *bounds, wanted.account_id, wanted.pending, wanted.outcome)
    elif wanted.pending:
        rows = await database.fetch("records_pending", *bounds) if wanted.outcome is None else []
    elif wanted.outcome in _NOTABLE:
        rows = await database.fetch("records_notable", *bounds, wanted.outcome)
    else:
        rows = await database.fetch("records_recent", *bounds, wanted.outcome)
    return [_from_row(row) for row in rows]


def _from_row(row: Row) -> Record:
    return Record(
        transaction=transactions.from_row(row),
        idempotency_key=row["idempotency_key"],
        metadata=row["metadata"],
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        score=row["score"],
        level=None if row["level"] is None else Level(row["level"]),
    )
