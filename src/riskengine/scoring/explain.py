"""Why a verdict is what it is, in words."""

from riskengine.domain.decision import Reason, Verdict
from riskengine.domain.outcome import Outcome
from riskengine.domain.transaction import Transaction
from riskengine.scoring.engine import Engine
from riskengine.scoring.rules import names

_WORDS = {Outcome.APPROVE: "Approved", Outcome.REVIEW: "To be reviewed", Outcome.DECLINE: "Declined"}


def reasons(verdict: Verdict, engine: Engine, transaction: Transaction | None = None) -> list[Reason]:
    """One reason for each rule that fired, those of the greatest impact first, with the values the rule saw.

    Values of the transaction's own fields are only known where it is given. The engine must be that of the verdict.
    """
    seen: dict[str, float | str | None] = {
        name: None if value != value else value  # noqa: PLR0124
        for name, value in zip(engine.catalogue.names, verdict.features, strict=True)
    }
    seen[names.BEHAVIOUR_SCORE] = verdict.parts.behaviour
    found = []
    for rule in engine.ruleset.rules:
        if rule.id in verdict.rules:
            values = {name: seen[name] if name in seen else _field(transaction, name) for name in engine.reads[rule.id]}
            found.append(Reason(rule.id, rule.description, rule.impact, values))
    return sorted(found, key=lambda reason: -reason.impact)


def sentence(verdict: Verdict, found: list[Reason]) -> str:
    """The outcome in one sentence: what is done, the score, what fired, and what the parts gave."""
    parts = verdict.parts
    start = f"{_WORDS[verdict.outcome]} with a score of {verdict.score:.1f} ({verdict.level})"
    made = f"rules {parts.rules:.0f}, behaviour {parts.behaviour:.0f}"
    if not found:
        return f"{start}: no rule fired ({made})."
    return f"{start}: {'; '.join(reason.description for reason in found)} ({made})."


def _field(transaction: Transaction | None, name: str) -> float | str | None:
    value = getattr(transaction, name, None)
    return value if value is None or isinstance(value, str) else float(value)
