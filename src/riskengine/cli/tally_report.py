"""A tally as tables on a terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from riskengine.domain.outcome import OUTCOME_OF_LEVEL, Level, Outcome
from riskengine.lab.tally import Quality, Tally
from riskengine.scoring import Engine, explain

TOP_RULES = 10


def show(console: Console, tally: Tally, engine: Engine) -> None:
    """Prints the decisions, the rules that fired most, the quality where labels are known, and explained examples."""
    if not tally.total:
        console.print("There was no transaction to decide.")
        return
    console.print(_levels(tally))
    if tally.rules:
        console.print(_rules(tally))
    if tally.labels:
        console.print(_quality(tally))
    if tally.attacks:
        console.print(_attacks(tally))
    _show_examples(console, tally, engine)


def _levels(tally: Tally) -> Table:
    table = Table("level", "outcome", "transactions", "share", title="Decisions")
    for level in Level:
        count = tally.levels[level]
        table.add_row(level, OUTCOME_OF_LEVEL[level], f"{count:,}", _share(count / tally.total))
    return table


def _rules(tally: Tally) -> Table:
    table = Table("rule", "fired", "share", title="Rules that fired most")
    for rule, count in sorted(tally.rules.items(), key=lambda item: (-item[1], item[0]))[:TOP_RULES]:
        table.add_row(rule, f"{count:,}", _share(count / tally.total))
    return table


def _quality(tally: Tally) -> Table:
    table = Table("alert", "alerts", "frauds", "caught", "precision", "recall", title="Against the labels")
    for name, outcomes in (("review or decline", (Outcome.REVIEW, Outcome.DECLINE)), ("decline", (Outcome.DECLINE,))):
        quality: Quality = tally.quality(*outcomes)
        counts = (f"{count:,}" for count in (quality.alerts, quality.frauds, quality.caught))
        table.add_row(name, *counts, _share(quality.precision), _share(quality.recall))
    return table


def _attacks(tally: Tally) -> Table:
    table = Table("attack", "frauds", "review", "decline", "noticed", title="Frauds by attack")
    for name, outcomes in sorted(tally.attacks.items()):
        review, decline = outcomes[Outcome.REVIEW], outcomes[Outcome.DECLINE]
        noticed = (review + decline) / outcomes.total()
        table.add_row(name, f"{outcomes.total():,}", f"{review:,}", f"{decline:,}", _share(noticed))
    return table


def _show_examples(console: Console, tally: Tally, engine: Engine) -> None:
    console.print("\nThe highest score of each outcome, explained:")
    for outcome in (Outcome.DECLINE, Outcome.REVIEW, Outcome.APPROVE):
        if outcome not in tally.examples:
            continue
        example = tally.examples[outcome]
        verdict, transaction = example.verdict, example.record.submission.transaction
        what = f"{transaction.amount} {transaction.currency} of account {transaction.account_id}"
        console.print(Text(f"\n{outcome} at {verdict.score:.1f}: transaction {example.record.reference}, {what}"))
        for reason in explain.reasons(verdict, engine):
            console.print(Text(f"  +{reason.impact:g} {reason.code}: {reason.description}"))


def _share(share: float | None) -> str:
    return "none" if share is None else f"{share:.2%}"
