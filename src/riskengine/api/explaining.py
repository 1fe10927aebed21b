"""Decisions as they are shown: with reasons, rendered from what is stored of them."""

from riskengine.api.views import DecisionView, ExchangeRateView
from riskengine.domain.decision import Decision
from riskengine.domain.transaction import Transaction
from riskengine.scoring import Engine, explain


def explained(engine: Engine, decision: Decision, transaction: Transaction) -> DecisionView:
    """The decision with its reasons; the engine must be of the versions that the decision names."""
    reasons = explain.reasons(decision.verdict, engine, transaction)
    rate = ExchangeRateView.of(engine.rates, transaction.currency)
    return DecisionView.of(decision, explain.sentence(decision.verdict, reasons), reasons, rate)
