"""The transaction: a payment as the engine knows it, from the wire to the queue to the score."""

from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec

from riskengine.domain import ids

Channel = Literal["online", "pos", "atm", "transfer"]
CHANNELS: tuple[Channel, ...] = ("online", "pos", "atm", "transfer")


class Transaction(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An accepted payment. Immutable; its order of fields is part of the queue's message format (version 1).

    `occurred_at` is the client's event time, in milliseconds since the epoch; `amount` is in units of `currency`.
    """

    transaction_id: UUID
    account_id: str
    amount: Decimal
    currency: str
    occurred_at: int
    merchant: str | None = None
    merchant_category: str | None = None
    location: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    country: str | None = None
    channel: Channel | None = None
    device_id: str | None = None
    ip: str | None = None
    beneficiary: str | None = None
    card_bin: str | None = None

    @property
    def created_at(self) -> int:
        """When the engine accepted it, in milliseconds since the epoch: the time its id carries."""
        return ids.created_at_ms(self.transaction_id)


class Submission(msgspec.Struct, frozen=True, gc=False):
    """A transaction on its way in, with what only storage needs: key, digest of the content, and metadata.

    `content` is a 16-byte digest of what the client sent (without the key): it tells a replay from a conflict.
    `metadata` is the client's JSON object as text, or None.
    """

    transaction: Transaction
    idempotency_key: str
    content: bytes
    metadata: str | None = None
