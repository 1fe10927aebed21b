"""Decisions as they are shown: with reasons, rendered from what is stored of them."""

from riskengine.api.views import DecisionView, ExchangeRateView
from riskengine.domain.account import Account
from riskengine.domain.decision import Decision
from riskengine.domain.transaction import Transaction
from riskengine.scoring import Engine, explain


def explained(
    engine: Engine, decision: Decision, transaction: Transaction, account: Account | None = None
) -> DecisionView:
    """The decision with its reasons; the engine must be of the versions that the decision names.

    `account` is what the account was when it was decided; without it, its attributes are null among the values.
    """
    reasons = explain.reasons(decision.verdict, engine, transaction, account)
    rate = ExchangeRateView.of(engine.rates, transaction.currency)
    return DecisionView.of(decision, explain.sentence(decision.verdict, reasons), reasons, rate)
