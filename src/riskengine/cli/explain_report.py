"""A decision as tables on a terminal, or as plain values for JSON."""

from collections.abc import Iterator
from typing import Any

import msgspec
from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from riskengine.domain import clock
from riskengine.domain.decision import Parts, Verdict
from riskengine.domain.outcome import Outcome
from riskengine.pipeline.explaining import Alternative, Explained
from riskengine.scoring import explain
from riskengine.scoring.features.catalogue import Feature

_COLOURS = {Outcome.APPROVE: "green", Outcome.REVIEW: "dark_orange", Outcome.DECLINE: "red"}
_MISSING = Text("missing", "dim")

_GROUPS = {
    "The transaction itself": {"own"},
    "How often": {"count", "velocity", "since", "sequence"},
    "How much": {"sum", "mean", "std", "min", "max", "smallest", "largest", "zscore", "ratio"},
    "Where, with whom, on what": {"distinct", "new", "changes", "distance", "speed", "first", "last"},
    "Against its own habit": {"share", "flagged"},
}
"""Headings, and the aggregates under each; what is about others or is of another aggregate has a heading of its own."""


def show(console: Console, one: Explained, other: Alternative | None) -> None:
    """Prints the decision, and with another rule set the difference."""
    verdict = one.decision.verdict
    reasons = explain.reasons(verdict, one.engine, one.transaction, one.account)
    headline = f"{verdict.outcome.upper()}  score {verdict.score:.2f}, {verdict.level}"
    console.print(Text(headline, f"bold {_COLOURS[verdict.outcome]}"))
    console.print(Text(explain.sentence(verdict, reasons)), soft_wrap=True)
    if verdict.degraded:
        console.print(Text(f"Degraded: decided without {', '.join(verdict.degraded)}", "yellow"))
    console.print(_parts(verdict.parts))
    for reason in reasons:
        console.print(Text(f"+{reason.impact:g} {reason.code}: {reason.description}"), soft_wrap=True)
        console.print(
            Text("    " + ", ".join(f"{n} {_plain(v)}" for n, v in reason.values.items()), "dim"), soft_wrap=True
        )
    if verdict.shadow:
        console.print(Text(f"Fired without counting: {', '.join(verdict.shadow)}", "dim"), soft_wrap=True)
    if other is not None:
        _show_difference(console, verdict, other)
    pairs = (("Transaction", _transaction(one)), ("Account then", _account(one)), ("Made with", _versions(one)))
    console.print(Columns([_pairs(title, values) for title, values in pairs]))
    console.print(_features(one))


def view(one: Explained, other: Alternative | None) -> dict[str, Any]:
    """The same as plain values."""
    verdict = one.decision.verdict
    reasons = explain.reasons(verdict, one.engine, one.transaction, one.account)
    return {
        **_verdict(verdict),
        "transaction_id": verdict.transaction_id,
        "account_id": verdict.account_id,
        "summary": explain.sentence(verdict, reasons),
        "reasons": reasons,
        "versions": verdict.versions,
        "exchange_rate": _rate(one),
        "account_sequence": one.decision.account_sequence,
        "decided_at": _time(one.decision.decided_at),
        "transaction": _transaction(one),
        "account": _account(one),
        "features": dict(zip(one.engine.catalogue.names, verdict.features, strict=True)),
        "with_ruleset": None if other is None else _difference(other),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    names = ("outcome", "score", "level", "parts", "rules", "shadow", "degraded")
    return {name: getattr(verdict, name) for name in names}


def _difference(other: Alternative) -> dict[str, Any]:
    own = {"ruleset": other.verdict.versions.ruleset, "newly_fires": other.newly, "no_longer_fires": other.no_longer}
    return own | _verdict(other.verdict)


def _parts(parts: Parts) -> Table:
    table = Table("part", "score", "weight", "gave", box=None, header_style="bold")
    for name, score, weight in _weighed(parts):
        given = "" if score is None else f"{score * weight:.2f}"
        table.add_row(name, "none" if score is None else f"{score:.2f}", f"{weight:.2f}", given)
    return table


def _weighed(parts: Parts) -> Iterator[tuple[str, float | None, float]]:
    yield "rules", parts.rules, parts.rules_weight
    yield "behaviour", parts.behaviour, parts.behaviour_weight
    yield "model", parts.model, parts.model_weight


def _show_difference(console: Console, was: Verdict, other: Alternative) -> None:
    now = other.verdict
    versions = (f"rule set {was.versions.ruleset}", f"rule set {now.versions.ruleset}")
    table = Table(
        "", *versions, box=None, header_style="bold", title="Executed with another rule set", title_justify="left"
    )
    table.add_row("outcome", was.outcome, Text(now.outcome, _COLOURS[now.outcome]))
    table.add_row("score", f"{was.score:.2f}", f"{now.score:.2f}")
    table.add_row("level", was.level, now.level)
    for (name, *old), (_, *new) in zip(_weighed(was.parts), _weighed(now.parts), strict=True):
        table.add_row(
            name, *("none" if score is None else f"{score:.2f} x {weight:.2f}" for score, weight in (old, new))
        )
    console.print(table)
    console.print(Text(f"Newly fires: {', '.join(other.newly) or 'nothing'}"), soft_wrap=True)
    console.print(Text(f"No longer fires: {', '.join(other.no_longer) or 'nothing'}"), soft_wrap=True)


def _pairs(title: str, values: dict[str, Any]) -> Table:
    table = Table("", "", box=None, show_header=False, title=title, title_justify="left", title_style="bold")
    for name, value in values.items():
        table.add_row(Text(name, "dim"), _MISSING if value is None else Text(str(value)))
    return table


def _transaction(one: Explained) -> dict[str, Any]:
    values = msgspec.structs.asdict(one.transaction)
    del values["account_id"]
    values |= {"occurred_at": _time(one.transaction.occurred_at), "created_at": _time(one.transaction.created_at)}
    return values


def _account(one: Explained) -> dict[str, Any]:
    opened_at = one.account.opened_at
    return msgspec.structs.asdict(one.account) | {"opened_at": None if opened_at is None else _time(opened_at)}


def _versions(one: Explained) -> dict[str, Any]:
    named = {
        "rule set" if name == "ruleset" else name: value
        for name, value in msgspec.structs.asdict(one.engine.versions).items()
    }
    return named | {"exchange rate": _rate(one), "place in order": one.decision.account_sequence}


def _rate(one: Explained) -> str | None:
    """What the amount was converted with; None where there is no rate."""
    rates, currency = one.engine.rates, one.transaction.currency
    rate = rates.rates.get(currency)
    return None if rate is None else f"1 {rates.base} = {rate} {currency} of {rates.as_of}"


def _features(one: Explained) -> Table:
    table = Table("feature", "value", "unit", "what it is", box=None, header_style="bold")
    grouped: dict[str, list[tuple[Feature, float]]] = {}
    for feature, value in zip(one.engine.catalogue.features, one.decision.verdict.features, strict=True):
        grouped.setdefault(_group(feature), []).append((feature, value))
    for heading, members in grouped.items():
        table.add_row(Text(heading, "bold"))
        for feature, value in members:
            shown = _MISSING if value != value else Text(_plain(value))  # noqa: PLR0124
            table.add_row(f"  {feature.name}", shown, feature.unit, feature.description)
    return table


def _group(feature: Feature) -> str:
    if feature.entity != "account":
        return "Against others"
    return next((heading for heading, members in _GROUPS.items() if feature.aggregate in members), "Others of its own")


def _plain(value: float | str | None) -> str:
    if value is None:
        return "missing"
    return f"{value:,.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _time(ms: int) -> str:
    return clock.to_datetime(ms).isoformat(timespec="milliseconds")[:-6] + "Z"
