"""What the demonstration says at its end."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from riskengine.demo.display import COLOURS
from riskengine.demo.examples import Example
from riskengine.demo.journal import Journal, percentiles
from riskengine.demo.results import Results
from riskengine.domain.decision import Reason
from riskengine.domain.outcome import OUTCOME_OF_LEVEL
from riskengine.pipeline.proof.audit import Audit
from riskengine.pipeline.proof.report import Report

TOP_RULES = 10


def show(console: Console, journal: Journal, results: Results, examples: list[Example], seconds: float) -> None:
    """Prints decisions by level, the rules that fired most, how long things took, and explained examples."""
    decided = sum(results.levels.values())
    console.print(
        f"\n[bold]{decided:,} transactions decided in {seconds:.1f} s: {decided / seconds:,.0f} a second[/bold]\n"
    )
    console.print(_levels(results))
    console.print(_rules(results, decided))
    console.print(_times(journal, results))
    console.print("\n[bold]The highest score of each outcome, explained[/bold]")
    for example in examples:
        _show_example(console, example)


def show_audit(console: Console, audit: Audit, refused: list[str]) -> None:
    """Prints whether every accepted transaction has exactly one decision, and otherwise what is wrong."""
    console.print("\n[bold]Checked in PostgreSQL[/bold]")
    if not audit.faults:
        console.print(
            f"[green]Each of {audit.accepted:,} accepted transactions has exactly one decision", soft_wrap=True
        )
    for fault in audit.faults:
        console.print(f"[red]{fault}", soft_wrap=True)
    if refused:
        console.print(
            Text(f"The API refused {len(refused):,} transactions, the first with: {refused[0]}", "red"), soft_wrap=True
        )


def show_proof(console: Console, proof: Report) -> None:
    """Prints whether all decisions came out the same when they were executed again, and otherwise what did not."""
    console.print(Text(f"{proof.sentence} ({proof.seconds:.1f} s)", "green" if proof.sound else "red"), soft_wrap=True)
    for one in proof.differences:
        what = f"{one.transaction_id}: {one.field} is stored as {one.stored!r}, and came out as {one.replayed!r}"
        console.print(Text(what, "red"), soft_wrap=True)


def _levels(results: Results) -> Table:
    table = Table("level", "outcome", "transactions", "share", title="Decisions", title_justify="left")
    decided = sum(results.levels.values())
    for level, count in results.levels.items():
        table.add_row(f"[{COLOURS[level]}]{level}", OUTCOME_OF_LEVEL[level], f"{count:,}", f"{count / decided:.2%}")
    return table


def _rules(results: Results, decided: int) -> Table:
    table = Table("rule", "fired", "share", title="Rules that fired most", title_justify="left")
    for rule, count in list(results.rules.items())[:TOP_RULES]:
        table.add_row(rule, f"{count:,}", f"{count / decided:.2%}")
    return table


def _times(journal: Journal, results: Results) -> Table:
    table = Table("milliseconds", "p50", "p95", "p99", title="How long it took", title_justify="left")
    for name, seconds in (("answer to a single request", journal.singles), ("answer to a batch", journal.batches)):
        if seconds:
            table.add_row(name, *(f"{value * 1e3:.1f}" for value in percentiles(seconds, 0.50, 0.95, 0.99)))
    table.add_row("from acceptance to decision", *(f"{value:.1f}" for value in results.delays_ms))
    return table


def _show_example(console: Console, example: Example) -> None:
    decision, payment = example.decision, example.payment
    verdict = (f"\n{decision.outcome} at {decision.score:.1f}", f"bold {COLOURS[decision.level]}")
    console.print(Text.assemble(verdict, f"  {payment.words}"), soft_wrap=True)
    for reason in decision.reasons:
        console.print(Text(f"  +{reason.impact:g} {reason.code}: {reason.description}"), soft_wrap=True)
        console.print(Text(f"      {_values(reason)}", "dim"), soft_wrap=True)


def _values(reason: Reason) -> str:
    """The values that a reason saw, in one line."""
    return ", ".join(f"{name} {_plain(value)}" for name, value in reason.values.items())


def _plain(value: float | str | None) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
