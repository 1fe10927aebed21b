"""What the API's answers hold: amounts as text, times in RFC 3339, UTC, to the millisecond."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from riskengine.domain import clock, currencies
from riskengine.domain.account import Account, AccountStatus
from riskengine.domain.decision import Decision, Reason, Versions
from riskengine.domain.outcome import STATUS_OF_OUTCOME, Level, Outcome, Status
from riskengine.domain.transaction import Channel
from riskengine.pipeline.ingest import Receipt
from riskengine.scoring.money import Rates
from riskengine.storage.records import Record

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class AcceptedView(msgspec.Struct, frozen=True, gc=False):
    """A transaction that is stored and will be decided."""

    transaction_id: UUID
    status: Literal["pending"]
    idempotency_key: str
    created_at: Time

    @classmethod
    def of(cls, receipt: Receipt) -> "AcceptedView":
        """What a sender is told, the first time and whenever it asks again."""
        return cls(receipt.transaction_id, "pending", receipt.idempotency_key, time(receipt.created_at))


class BatchView(msgspec.Struct, frozen=True, gc=False):
    """What became of a batch: one entry for each transaction, in the order they were sent."""

    transactions: list[AcceptedView]


class WeightsView(msgspec.Struct, frozen=True, gc=False):
    """What each part counted for."""

    rules: float
    behaviour: float
    model: float


class PartsView(msgspec.Struct, frozen=True, gc=False):
    """What a score is made of: parts of 0 to 100, and their weights. Without a model its part is null."""

    rules: float
    behaviour: float
    model: float | None
    weights: WeightsView


class ExchangeRateView(msgspec.Struct, frozen=True, gc=False):
    """The rate that the amount was converted with. `rate` is null where the table has none for the currency."""

    currency: str
    base: str
    rate: Annotated[str | None, Meta(description="units of the currency that one unit of the base is worth")]
    as_of: str

    @classmethod
    def of(cls, rates: Rates, currency: str) -> "ExchangeRateView":
        """The rate of a currency in a table of rates."""
        rate = rates.rates.get(currency)
        return cls(currency, rates.base, None if rate is None else str(rate), rates.as_of.isoformat())


class DecisionView(msgspec.Struct, frozen=True, gc=False):
    """A decision, with what it was made of and why."""

    transaction_id: UUID
    account_id: str
    score: Annotated[float, Meta(description="0 to 100")]
    level: Level
    outcome: Outcome
    status: Status
    summary: Annotated[str, Meta(description="the decision in one sentence")]
    parts: PartsView
    reasons: Sequence[Reason]
    shadow_rules: Annotated[Sequence[str], Meta(description="rules that fired without counting: in shadow, or snoozed")]
    degraded: Annotated[Sequence[str], Meta(description="parts that should have had a say, and had none")]
    exchange_rate: ExchangeRateView
    versions: Versions
    decided_at: Time

    @classmethod
    def of(cls, decision: Decision, summary: str, reasons: Sequence[Reason], rate: ExchangeRateView) -> "DecisionView":
        """The decision as it is shown, with the summary and the reasons rendered for it."""
        verdict = decision.verdict
        parts = verdict.parts
        weights = WeightsView(parts.rules_weight, parts.behaviour_weight, parts.model_weight)
        return cls(
            transaction_id=verdict.transaction_id,
            account_id=verdict.account_id,
            score=verdict.score,
            level=verdict.level,
            outcome=verdict.outcome,
            status=STATUS_OF_OUTCOME[verdict.outcome],
            summary=summary,
            parts=PartsView(parts.rules, parts.behaviour, parts.model, weights),
            reasons=reasons,
            shadow_rules=verdict.shadow,
            degraded=verdict.degraded,
            exchange_rate=rate,
            versions=verdict.versions,
            decided_at=time(decision.decided_at),
        )


class TransactionView(msgspec.Struct, frozen=True):
    """A stored transaction. Outcome, score and level are null while it is pending."""

    transaction_id: UUID
    status: Status
    account_id: str
    amount: Annotated[str, Meta(description="decimal, with the places of its currency")]
    currency: str
    occurred_at: Time
    created_at: Time
    merchant: str | None
    merchant_category: str | None
    location: str | None
    latitude: float | None
    longitude: float | None
    country: str | None
    channel: Channel | None
    device_id: str | None
    ip: str | None
    beneficiary: str | None
    card_bin: str | None
    metadata: Annotated[msgspec.Raw, Meta(description="as it was sent, or null")]
    idempotency_key: str
    outcome: Outcome | None
    score: float | None
    level: Level | None

    @classmethod
    def of(cls, record: Record) -> "TransactionView":
        """The record as it is shown."""
        transaction = record.transaction
        own = {
            "status": record.status,
            "amount": f"{transaction.amount:.{currencies.PLACES[transaction.currency]}f}",
            "occurred_at": time(transaction.occurred_at),
            "created_at": time(transaction.created_at),
            "metadata": msgspec.Raw((record.metadata or "null").encode()),
            "idempotency_key": record.idempotency_key,
            "outcome": record.outcome,
            "score": record.score,
            "level": record.level,
        }
        return cls(**(msgspec.structs.asdict(transaction) | own))


class PageView(msgspec.Struct, frozen=True):
    """Transactions, newest first. `next_cursor` leads to those before them; it is null at the end."""

    transactions: list[TransactionView]
    next_cursor: str | None


class AccountView(msgspec.Struct, frozen=True):
    """What is known of an account beyond its transactions."""

    account_id: str
    type: str
    status: AccountStatus
    home_country: str | None
    time_zone: str | None
    opened_at: Time | None

    @classmethod
    def of(cls, account: Account) -> "AccountView":
        """The account as it is shown."""
        opened_at = None if account.opened_at is None else time(account.opened_at)
        return cls(**(msgspec.structs.asdict(account) | {"opened_at": opened_at}))


def time(ms: int) -> str:
    """A time in milliseconds since the epoch as RFC 3339."""
    return clock.to_datetime(ms).isoformat(timespec="milliseconds")[:-6] + "Z"
