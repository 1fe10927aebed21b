"""Decisions explained, as the API explains them to anybody who asks."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TypeVar
from uuid import UUID

import msgspec

from riskengine.client import requests
from riskengine.client.connection import Connection
from riskengine.client.requests import Requests
from riskengine.domain.decision import Reason
from riskengine.domain.errors import RiskEngineError
from riskengine.domain.outcome import Level, Outcome

T = TypeVar("T")


class Payment(msgspec.Struct, frozen=True):
    """What is shown of a transaction."""

    transaction_id: UUID
    account_id: str
    amount: str
    currency: str
    occurred_at: str
    channel: str | None = None
    merchant: str | None = None
    location: str | None = None
    country: str | None = None
    beneficiary: str | None = None

    @property
    def words(self) -> str:
        """The payment in one line."""
        places = ", ".join(filter(None, (self.merchant or self.beneficiary, self.location, self.country)))
        return f"{self.amount} {self.currency} of account {self.account_id}, {self.channel or 'payment'}, {places}"


class Decision(msgspec.Struct, frozen=True):
    """What is shown of a decision."""

    score: float
    level: Level
    outcome: Outcome
    reasons: list[Reason]


class Example(msgspec.Struct, frozen=True):
    """A transaction and why it was decided as it was."""

    payment: Payment
    decision: Decision


async def fetch(to: Requests, ids: Mapping[Outcome, UUID]) -> list[Example]:
    """Asks the API for the transactions named, the gravest first. Raises RiskEngineError if it does not know one."""
    connection = Connection(to.host, to.port)
    try:
        return [await _fetch_one(connection, to, ids[outcome]) for outcome in reversed(Outcome) if outcome in ids]
    finally:
        connection.close()


async def _fetch_one(connection: Connection, to: Requests, transaction_id: UUID) -> Example:
    path = f"{requests.TRANSACTIONS}/{transaction_id}"
    return Example(
        await _get(connection, to("GET", path), Payment),
        await _get(connection, to("GET", f"{path}/decision"), Decision),
    )


async def _get(connection: Connection, request: bytes, kind: type[T]) -> T:
    response = await connection.send(request)
    if response.status != HTTPStatus.OK:
        raise RiskEngineError(f"the API answered {response.status}: {response.body.decode(errors='replace')}")
    return msgspec.json.decode(response.body, type=kind)
