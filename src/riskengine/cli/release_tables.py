"""Releases, drafts and changes as people read them: tables on a terminal, plain lines in a pipe."""

from collections.abc import Iterable
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from riskengine.cli.differences import Difference
from riskengine.cli.liveness import Liveness
from riskengine.domain import clock
from riskengine.domain.release import Draft, ProcessReport, Publication, Release, RunningVersions

_WIDE = 10_000
"""Columns of a pipe: nothing is wrapped there, or cut off."""

_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


def console() -> Console:
    """Where answers go."""
    shown = Console(highlight=False, soft_wrap=True)
    return shown if shown.is_terminal else Console(highlight=False, width=_WIDE, soft_wrap=True)


def table(titles: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Shows a table."""
    shown = Table(*titles, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        shown.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console().print(shown)


def differences(found: Iterable[Difference]) -> None:
    """Shows what is different, a line for each thing and each of its fields."""
    out = console()
    for difference in found:
        sign, style = _SIGNS[difference.change]
        out.print(f"{sign} {difference.what}", style=style, markup=False)
        for change in difference.fields:
            said = _shown(change.new)
            if difference.change == "changed":
                said = f"{_shown(change.old)} → {said}"
            out.print(f"    {change.field}: {said}", markup=False)


def releases(found: Iterable[Release], runs: RunningVersions) -> None:
    """Shows all versions, and which one runs."""
    table(
        ("version", "", "published", "by", "approved by", "note"),
        (
            (
                release.version,
                "runs" if runs.of(release.kind) == release.version else "",
                date(release.published_at),
                release.created_by,
                release.approved_by,
                release.note,
            )
            for release in found
        ),
    )


def drafts(found: Iterable[Draft]) -> None:
    """Shows drafts."""
    table(
        ("draft", "state", "from", "made", "by", "approved by", "note"),
        ((d.draft_id, d.state, d.base, date(d.created_at), d.created_by, d.approved_by, d.note) for d in found),
    )


def history(found: Iterable[Publication]) -> None:
    """Shows what was changed."""
    table(
        ("generation", "when", "change", "by", "note"),
        (
            (
                publication.generation,
                date(publication.published_at),
                f"{publication.action} {named(publication.previous)} → {named(publication.version)}",
                publication.published_by,
                publication.note,
            )
            for publication in found
        ),
    )


def processes(reports: Iterable[ProcessReport], runs: RunningVersions) -> None:
    """Shows what each process runs."""
    table(
        ("process", "rule set", "catalogue", "rates", "model", "lists", ""),
        (
            (
                report.process_id,
                report.running.ruleset,
                report.running.catalogue,
                report.running.rates,
                named(report.running.model),
                report.running.lists,
                report.problem or ("" if report.running == runs else "not yet current"),
            )
            for report in reports
        ),
    )


def live(publication: Publication, found: Liveness) -> None:
    """Shows where a publication is live. Ends the command with 1 if some process does not run it."""
    what = f"{publication.kind} {named(publication.version)}"
    every = len(found.current) + len(found.late)
    if not every:
        console().print(f"{what} is published; no process is running", markup=False)
        return
    where = f"{len(found.current)} of {every} processes after {found.seconds:.1f} s"
    console().print(f"{what} is live in {where}", markup=False)
    for report in found.late:
        said = report.problem or "does not say why"
        console().print(f"  {report.process_id} runs generation {report.running.generation}: {said}", markup=False)
    if found.late:
        raise typer.Exit(1)


def date(ms: int) -> str:
    """A time, to the minute, UTC."""
    return f"{clock.to_datetime(ms):%Y-%m-%d %H:%M}"


def named(version: int | None) -> str:
    """A version's number."""
    return "none" if version is None else str(version)


def _shown(value: Any) -> str:
    match value:
        case None:
            return "none"
        case str():
            return value if "\n" not in value.strip() else repr(value)
        case float():
            return f"{value:g}"
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)
