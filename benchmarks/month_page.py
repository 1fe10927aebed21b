"""The page of figures on SQL: what each statement reads, and whether that is more than it must."""

from collections.abc import Iterator

import msgspec

from benchmarks.month_plans import Plan
from benchmarks.month_queries import WHOLE, Case, unlisted
from benchmarks.month_reads import Gain, Reads
from riskengine.capacity.calibration import Machine

FLAT = 1.5
"""How much longer a read may take on the largest database than on the smallest."""


class Reviewed(msgspec.Struct, frozen=True):
    """A statement's plan, and what is wrong with it, if anything."""

    query: str
    what: str
    plan: Plan
    fault: str


class Months(msgspec.Struct, frozen=True):
    """All figures of a run: `bytes` on disk with indexes, of the largest database, and the seconds it took to fill."""

    date: str
    machine: Machine
    rows: int
    bytes: int
    filled_s: float
    reads: list[Reads]
    reviewed: list[Reviewed]
    gains: list[Gain]


def fault(case: Case, plan: Plan) -> str:
    """What the plan reads that it need not; empty if nothing."""
    if plan.months > case.months:
        return f"{plan.months} months read, {case.months} needed"
    if plan.scanned and not case.scans:
        return f"reads {', '.join(plan.scanned)} from end to end"
    return ""


def page(months: Months) -> str:
    """The whole page, as Markdown."""
    return "\n".join([*_head(months), *_statements(months), *_reads(months), *_gains(months)]) + "\n"


def _head(of: Months) -> Iterator[str]:
    yield "# Statements on many rows"
    yield ""
    yield "This page is written by `make bench-scale`; `benchmarks/scale.json` has the same figures, and"
    yield "`python -m benchmarks.months` measures them alone."
    yield f"It was run on {of.rows:,} decided transactions in 12 months: {of.bytes / 2**30:.1f} GiB with"
    machine = of.machine
    yield f"indexes, on {machine.cores} cores ({machine.processor.strip()}), {machine.memory_gb:g} GB, {of.date[:10]}."
    yield ""


def _statements(of: Months) -> Iterator[str]:
    yield "## What each statement reads"
    yield ""
    yield "All statements that touch `transactions` or `decisions`, by EXPLAIN (ANALYZE, BUFFERS), each run a"
    yield "second time so that its pages are in memory. A page has 8 KiB; months are the partitions it looked into (two"
    yield "are made ahead, and empty); workers are processes that worked in parallel. The server plans a statement"
    yield "anew for each call where it thinks that pays, and else once for all calls of a connection."
    yield ""
    yield "| statement | what for | rows | to plan, ms | to run, ms | pages | months | workers | too much |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for one in of.reviewed:
        plan = one.plan
        yield (
            f"| `{one.query}.sql` | {one.what} | {plan.rows:,} | {plan.planning_ms:,.1f} | {plan.ms:,.2f} |"
            f" {plan.pages:,} | {plan.months} | {plan.workers or ''} | {one.fault} |"
        )
    yield ""
    yield "Not run, because they read everything on purpose and are only for the small databases of"
    said = ", ".join(f"`{name}.sql` ({why})" for name, why in WHOLE.items())
    yield f"`riskengine chaos` and `riskengine demo`: {said}."
    if missing := sorted(unlisted({one.query for one in of.reviewed})):
        yield f"Not reviewed yet: {', '.join(f'`{name}.sql`' for name in missing)}."
    yield ""


def _reads(of: Months) -> Iterator[str]:
    first, last = of.reads[0], of.reads[-1]
    yield "## Reads at three sizes"
    yield ""
    yield "Milliseconds at the caller, of transactions drawn from all months, each read done twice and timed the second"
    yield "time; the sizes take turns, so that what else the machine does hits all alike."
    yield ""
    yield "| rows | by id p50 | p99 | account's newest page p50 | p99 |"
    yield "| --- | --- | --- | --- | --- |"
    for reads in of.reads:
        yield (
            f"| {reads.rows:,} | {reads.by_id.p50:.2f} | {reads.by_id.p99:.2f} | {reads.newest_of_account.p50:.2f} |"
            f" {reads.newest_of_account.p99:.2f} |"
        )
    yield ""
    ratios = (last.by_id.p50 / first.by_id.p50, last.newest_of_account.p50 / first.newest_of_account.p50)
    said = "flat" if max(ratios) <= FLAT else "not flat"
    yield (
        f"From the smallest to the largest the medians grow {ratios[0]:.2f}-fold and {ratios[1]:.2f}-fold: {said}, by"
        f" the bound of {FLAT:g}."
    )
    yield ""


def _gains(of: Months) -> Iterator[str]:
    yield "## What the index and the partitions spare"
    yield ""
    yield "| read | without, ms | with, ms | less |"
    yield "| --- | --- | --- | --- |"
    for gain in of.gains:
        yield f"| {gain.what} | {gain.without_ms:,.2f} | {gain.with_ms:,.2f} | {gain.less:.1f} % |"
