"""What a run says: each fault as it happens, then the picture, the figures and what was checked."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from riskengine.chaos import timeline
from riskengine.chaos.audit import bounds
from riskengine.chaos.audit.findings import Findings
from riskengine.chaos.conductor import Event
from riskengine.chaos.play import Outcome

_MEGABYTE = 1 << 20


def show_event(console: Console, event: Event) -> None:
    """One line on a fault that is over."""
    style = "" if event.healed else "red"
    remark = f": {event.remark}" if event.remark else ""
    lasted = event.until_s - event.from_s
    line = f"{event.from_s:>7.1f} s  {event.name:<24} {event.detail}, over after {lasted:.1f} s{remark}"
    console.print(Text(line, style), soft_wrap=True)


def show(console: Console, outcome: Outcome) -> None:
    """Everything, once it is over."""
    console.print()
    console.print(timeline.draw(outcome.samples, outcome.events, min(console.width, 140)), soft_wrap=True)
    console.print(_figures(outcome))
    _show_findings(console, outcome.findings)


def _figures(outcome: Outcome) -> Table:
    table = Table("what", "", title="Figures", title_justify="left")
    table.add_row("payments sent", f"{outcome.sent:,} in {outcome.seconds:.0f} s")
    table.add_row("acknowledged", f"{outcome.acknowledged:,}")
    table.add_row("held back, as too many had no answer", f"{outcome.held_back:,}")
    table.add_row(
        "old keys sent again, keys sent several times at once", f"{outcome.replays:,}, {outcome.duplicates:,}"
    )
    table.add_row("requests sent again for want of an answer", f"{outcome.sent_again:,}")
    answers = ", ".join(f"{status or 'none'}: {count:,}" for status, count in outcome.answers.items())
    table.add_row("answers by status", answers)
    peaks = bounds.peaks(outcome.samples)
    table.add_row(
        "most memory, MB", ", ".join(f"{name} {size / _MEGABYTE:.0f}" for name, size in sorted(peaks.items()))
    )
    reached = sum(event.remark != "not reached" for event in outcome.events)
    table.add_row("faults", f"{len(outcome.events)}, of which {reached} took place")
    return table


def _show_findings(console: Console, findings: Findings) -> None:
    table = Table("checked", "on", "violations", "", title="Audit", title_justify="left")
    for check in findings.checks:
        verdict = Text("VIOLATED", "bold red") if check.count else Text("OK", "green")
        table.add_row(check.name, f"{check.checked:,}", f"{check.count:,}", verdict)
    console.print(table)
    for check in findings.checks:
        for words in check.violations:
            console.print(Text(f"{check.name}: {words}", "red"), soft_wrap=True)
