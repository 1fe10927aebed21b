"""Why a verdict is what it is, in words: from what is stored of it, and the engine that reached it.

Reasons come in this order: the rules that counted, the habits that moved the behaviour score most, the features that
moved the model most, and notes on what was missing. Rules that fired without counting are never among them (`shadows`).
"""

import math
from collections.abc import Iterable

from riskengine.domain.account import Account
from riskengine.domain.decision import Reason, Verdict
from riskengine.domain.errors import NotFound
from riskengine.domain.outcome import Outcome
from riskengine.domain.transaction import Transaction
from riskengine.scoring import behaviour, wording
from riskengine.scoring.behaviour import Habit
from riskengine.scoring.composite import HIGHEST
from riskengine.scoring.engine import Engine
from riskengine.scoring.rules import names
from riskengine.scoring.rules import reasons as templates
from riskengine.scoring.rules.rule import Rule

MOST = 3
"""Habits, and features of the model, that are named: those that moved least explain least."""

LEAST_POINTS = 1.0
"""Points that a habit or feature must have given to its part to be named."""

NOTABLE_POINTS = 5.0
"""Points from which on a habit is called unusual in the summary: less than one in two and a half."""

USUAL_AMOUNT = -behaviour.POINTS_PER_DECADE * math.log10(0.5)
"""Points that an amount right at what is usual gives: half of all are larger. Only what is above that explains."""

RATE_MISSING = "RATE_MISSING"
DEGRADED = "DEGRADED_"
"""What the code of a note on a part that had no say begins with."""

_MODEL = "MODEL_"
_WORDS = {Outcome.APPROVE: "Approved", Outcome.REVIEW: "To be reviewed", Outcome.DECLINE: "Declined"}
_CLOSE = 1e-3

_FIELDS = (
    "amount",
    "currency",
    "merchant",
    "merchant_category",
    "location",
    "country",
    "channel",
    "device_id",
    "ip",
    "beneficiary",
    "card_bin",
)
_ATTRIBUTES = {"account_type": "type", "account_status": "status", "home_country": "home_country"}
"""What rules may read of a transaction, and (by its name there) of an account."""

Value = float | str | None


def reasons(
    verdict: Verdict, engine: Engine, transaction: Transaction | None = None, account: Account | None = None
) -> list[Reason]:
    """Why the verdict is what it is. The engine must be that of the verdict.

    Fields of the transaction, and attributes that the account had, are only known where they are given. Raises NotFound
    if a rule that fired is not the engine's.
    """
    return [
        *_rules(verdict, engine, _seen(verdict, engine, transaction, account)),
        *_habits(verdict, engine),
        *_influences(verdict, engine),
        *_notes(verdict, engine, transaction),
    ]


def shadows(
    verdict: Verdict, engine: Engine, transaction: Transaction | None = None, account: Account | None = None
) -> list[Reason]:
    """The rules that fired without counting, and why they did not. Their impact is what they would have had."""
    seen = _seen(verdict, engine, transaction, account)
    found = []
    for rule in _known(verdict.shadow, engine):
        why = "snoozed" if rule.mode == "live" else "in shadow mode"
        values = {name: seen[name] for name in engine.reads[rule.id]}
        text = f"{templates.render(rule, values)} (not counted: {why})"
        found.append(Reason(rule.id, text, rule.impact, values))
    return found


def sentence(verdict: Verdict, found: Iterable[Reason]) -> str:
    """The outcome in one sentence: what is done, the score, the reasons, and what the parts gave."""
    found = list(found)
    fired = [reason.description for reason in found if reason.part == "rules"]
    clauses = fired or ["no rule fired"]
    habits = [reason for reason in found if reason.part == "behaviour" and reason.impact >= NOTABLE_POINTS]
    if unusual := [wording.SHORT[Habit(reason.code)] for reason in habits]:
        clauses.append(f"unusual for the account: {', '.join(unusual)}")
    if moved := [next(iter(reason.values)) for reason in found if reason.part == "model"]:
        clauses.append(f"the model looked at {', '.join(moved)}")
    clauses += [f"{reason.description[0].lower()}{reason.description[1:]}" for reason in found if reason.part == "note"]
    start = f"{_WORDS[verdict.outcome]} with a score of {verdict.score:.1f} ({verdict.level})"
    return f"{start}: {'; '.join(clauses)} ({_parts(verdict)})."


def _parts(verdict: Verdict) -> str:
    """What the parts gave, and whether a rule's minimum or maximum outcome had the last word."""
    parts = verdict.parts
    made = f"rules {parts.rules:.0f}, behaviour {parts.behaviour:.0f}"
    weighed = parts.rules_weight * parts.rules + parts.behaviour_weight * parts.behaviour
    if parts.model is not None:
        made += f", model {parts.model:.0f}"
        weighed += parts.model_weight * parts.model
    if abs(verdict.score - weighed) < _CLOSE:
        return made
    return f"{made}; {'lifted' if verdict.score > weighed else 'lowered'} from {weighed:.1f} by a rule"


def _seen(
    verdict: Verdict, engine: Engine, transaction: Transaction | None, account: Account | None
) -> dict[str, Value]:
    """What rules saw, by name; None where it is missing or not known."""
    seen: dict[str, Value] = dict(zip(engine.catalogue.names, map(wording.plain, verdict.features), strict=True))
    seen |= {name: _value(getattr(transaction, name, None)) for name in _FIELDS}
    seen |= {name: _value(getattr(account, own, None)) for name, own in _ATTRIBUTES.items()}
    return seen | {
        "account_id": verdict.account_id,
        names.BEHAVIOUR_SCORE: verdict.parts.behaviour,
        names.MODEL_SCORE: verdict.parts.model,
    }


def _rules(verdict: Verdict, engine: Engine, seen: dict[str, Value]) -> list[Reason]:
    """The rules that counted: those that settle the outcome first, then those of the greatest impact."""
    fired = _known(verdict.rules, engine)
    total = sum(rule.impact for rule in fired)
    share = verdict.parts.rules_weight * (HIGHEST / total if total > HIGHEST else 1.0)
    return [_rule(rule, share, engine, seen) for rule in sorted(fired, key=_weight)]


def _known(ids: Iterable[str], engine: Engine) -> list[Rule]:
    """Rules by their ids. Raises NotFound if the engine is not that of the verdict."""
    try:
        return [engine.rules[id_] for id_ in ids]
    except KeyError as error:
        raise NotFound(f"rule {error} is not in rule set {engine.ruleset.version}, which is to explain it") from None


def _weight(rule: Rule) -> tuple[bool, float]:
    settles = rule.minimum_outcome is not None or rule.maximum_outcome is not None
    return not settles, -rule.impact


def _rule(rule: Rule, share: float, engine: Engine, seen: dict[str, Value]) -> Reason:
    values = {name: seen[name] for name in engine.reads[rule.id]}
    text = templates.render(rule, values)
    return Reason(rule.id, text, rule.impact, values, "rules", round(rule.impact * share, 2))


def _habits(verdict: Verdict, engine: Engine) -> list[Reason]:
    """The habits that moved the behaviour score most; an amount only by what it says beyond a usual one."""
    found = []
    for one in behaviour.contributions(engine.catalogue, verdict.features):
        usual = USUAL_AMOUNT if one.code is Habit.AMOUNT else 0.0
        if one.code is not Habit.THIN_HISTORY and one.points - usual >= LEAST_POINTS:
            text = wording.habit(one.code, one.values, engine.rates.base)
            values: dict[str, Value] = {name: wording.plain(value) for name, value in one.values.items()}
            points = one.points * verdict.parts.behaviour_weight
            found.append(Reason(one.code.value, text, round(one.points, 2), values, "behaviour", round(points, 2)))
    return found[:MOST]


def _influences(verdict: Verdict, engine: Engine) -> list[Reason]:
    """The features that moved the model's score most, either way; none where it gave no score."""
    if engine.model is None or verdict.parts.model is None:
        return []
    features = {feature.name: feature for feature in engine.catalogue.features}
    values = dict(zip(engine.catalogue.names, map(wording.plain, verdict.features), strict=True))
    found = []
    for name, moved in engine.model.influences(verdict.features)[:MOST]:
        if abs(moved) < LEAST_POINTS:
            break
        value = values[name]
        shown = "missing" if value is None else wording.number(value)
        did = "raised" if moved > 0 else "lowered"
        text = f"{features[name].description}: {shown}, which {did} the model's score by {abs(moved):.1f}"
        points = round(moved * verdict.parts.model_weight, 2)
        found.append(Reason(f"{_MODEL}{name.upper()}", text, round(moved, 2), {name: value}, "model", points))
    return found


def _notes(verdict: Verdict, engine: Engine, transaction: Transaction | None) -> list[Reason]:
    """What was missing when it was decided: an exchange rate, a part of the score."""
    found = []
    if math.isnan(verdict.features[engine.catalogue.names.index("log_amount")]):
        currency = None if transaction is None else transaction.currency
        text = (
            f"There is no exchange rate for {currency or 'the currency'} in table {verdict.versions.rates}, "
            "so that all that is known of the amount is missing"
        )
        found.append(Reason(RATE_MISSING, text, 0.0, {"currency": currency}, "note"))
    for part in verdict.degraded:
        text = f"The {part} had no say: it was late, absent or broken, and the other parts decided without it"
        found.append(Reason(f"{DEGRADED}{part.upper()}", text, 0.0, {}, "note"))
    return found


def _value(value: object) -> Value:
    return value if value is None or isinstance(value, str) else float(value)  # type: ignore[arg-type]
