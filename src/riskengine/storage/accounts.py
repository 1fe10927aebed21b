"""Accounts in PostgreSQL: their attributes, and all that their histories are rebuilt from."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

import msgspec

from riskengine.domain import clock
from riskengine.domain.account import Account
from riskengine.domain.outcome import Outcome
from riskengine.domain.transaction import Transaction
from riskengine.storage import transactions
from riskengine.storage.database import Database, Row

MOST_EVENTS = 20_000
"""Transactions read to rebuild one account's history: far above what a history keeps exactly."""


class Decided(msgspec.Struct, frozen=True, gc=False):
    """A decided transaction: what became of it, and by which table of rates its amount was converted."""

    transaction: Transaction
    outcome: Outcome
    rates_version: int


class Past(msgspec.Struct, frozen=True):
    """What PostgreSQL knows of an account: attributes, place in its order, and its decided transactions in order."""

    account: Account
    sequence: int
    decided: tuple[Decided, ...]


async def get(database: Database, account_id: str) -> Account | None:
    """The account's attributes, or None if it is unknown."""
    row = await database.fetch_one("account_get", account_id)
    return None if row is None else from_row(row)


async def put(database: Database, account: Account) -> Account:
    """Describes an account, new or known. The histories made on older attributes are stale from then on."""
    opened_at = None if account.opened_at is None else clock.to_datetime(account.opened_at)
    row = await database.fetch_one(
        "account_put",
        account.account_id,
        account.type,
        account.status,
        account.home_country,
        account.time_zone,
        opened_at,
    )
    assert row is not None, "account_put.sql always returns the account"
    return from_row(row)


async def pasts(database: Database, account_ids: Sequence[str], reach_ms: int) -> list[Past]:
    """What is known of those of the accounts that exist, reaching back so far from the newest transaction of each."""
    rows = await database.fetch("history_events", list(account_ids), timedelta(milliseconds=reach_ms), MOST_EVENTS)
    return [_past(list(group)) for _, group in groupby(rows, key=lambda row: row["account_id"])]


def _past(rows: list[Row]) -> Past:
    decided = [
        Decided(transactions.from_row(row), Outcome(row["outcome"]), row["rates_version"])
        for row in reversed(rows)
        if row["transaction_id"] is not None
    ]
    return Past(from_row(rows[0]), rows[0]["history_seq"], tuple(decided))


def from_row(row: Row) -> Account:
    """An account from a row that has its columns (and perhaps more)."""
    opened_at = row["opened_at"]
    return Account(
        account_id=row["account_id"],
        type=row["type"],
        status=row["status"],
        home_country=row["home_country"],
        time_zone=row["time_zone"],
        opened_at=None if opened_at is None else clock.to_ms(opened_at),
    )
