"""Transactions in PostgreSQL, as the engine reads them back."""

from uuid import UUID

from riskengine.domain import clock, ids
from riskengine.domain.transaction import Transaction
from riskengine.storage.database import Database, Row


async def get(database: Database, transaction_id: UUID) -> Transaction | None:
    """The transaction of that id, or None. Reads one partition: the id carries the time it was made."""
    row = await database.fetch_one(
        "transaction_get", transaction_id, clock.to_datetime(ids.created_at_ms(transaction_id))
    )
    return None if row is None else from_row(row)


def from_row(row: Row) -> Transaction:
    """A transaction from a row that has its columns (and perhaps more)."""
    return Transaction(
        transaction_id=UUID(bytes=row["transaction_id"].bytes),
        account_id=row["account_id"],
        amount=row["amount"],
        currency=row["currency"],
        occurred_at=clock.to_ms(row["occurred_at"]),
        merchant=row["merchant"],
        merchant_category=row["merchant_category"],
        location=row["location"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        country=row["country"],
        channel=row["channel"],
        device_id=row["device_id"],
        ip=row["ip"],
        beneficiary=row["beneficiary"],
        card_bin=row["card_bin"],
    )
