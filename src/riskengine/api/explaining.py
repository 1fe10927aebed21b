"""Decisions as they are shown: with reasons, rendered from what is stored of them."""

from riskengine.api.views import DecisionView
from riskengine.domain.decision import Decision, Reason
from riskengine.domain.transaction import Transaction
from riskengine.scoring import Engine, explain


def explained(engine: Engine, decision: Decision, transaction: Transaction | None) -> DecisionView:
    """The decision with its reasons. Those of another version of the rules than the engine's are only named."""
    verdict = decision.verdict
    mine = (engine.ruleset.version, engine.catalogue.version)
    if (verdict.versions.ruleset, verdict.versions.catalogue) == mine:
        reasons = explain.reasons(verdict, engine, transaction)
    else:
        text = f"fired in rule set {verdict.versions.ruleset}, which is no longer in force"
        reasons = [Reason(rule, text, 0.0, {}) for rule in verdict.rules]
    return DecisionView.of(decision, explain.sentence(verdict, reasons), reasons)
