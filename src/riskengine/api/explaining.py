"""Decisions as they are shown: with reasons, rendered from what is stored of them."""

from riskengine.api.views import DecisionView, ExchangeRateView
from riskengine.domain.account import Account
from riskengine.domain.decision import Decision
from riskengine.domain.transaction import Transaction
from riskengine.scoring import Engine, explain
from riskengine.scoring.rules import names
from riskengine.storage.attributes import Attributes
from riskengine.storage.database import Database


async def explained(database: Database, engine: Engine, decision: Decision, transaction: Transaction) -> DecisionView:
    """The decision with its reasons; the engine must be of the versions that the decision names. Raises Unavailable."""
    account = await _account(database, engine, decision)
    reasons = explain.reasons(decision.verdict, engine, transaction, account)
    rate = ExchangeRateView.of(engine.rates, transaction.currency)
    return DecisionView.of(decision, explain.sentence(decision.verdict, reasons), reasons, rate)


async def _account(database: Database, engine: Engine, decision: Decision) -> Account | None:
    """What the account was when it was decided, if a rule that fired looks at that: mostly none does."""
    verdict = decision.verdict
    if all(names.OF_ACCOUNT.isdisjoint(engine.reads[rule]) for rule in verdict.rules):
        return None
    attributes = await Attributes.read(database, [verdict.account_id])
    return attributes.at(verdict.account_id, decision.account_sequence)
