"""What a spike did: the figures, as they go to the table and to `spike.json`."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.depths import Depth
from benchmarks.flood import Flood
from riskengine.capacity.calibration import Machine
from riskengine.client.closed_loop import TAKEN
from riskengine.demo.journal import percentiles
from riskengine.pipeline.proof.audit import Audit

CURVE_LINES, CURVE_WIDTH = 30, 50
"""The most lines of the curve, and characters of its longest bar."""

REFUSED = 503
"""The status of what was refused because there was too much."""


class Spike(msgspec.Struct, frozen=True, kw_only=True):
    """Counts are transactions, rates those a second, `_ms` from when a request was due to its answer, `_mb` the most
    that the largest process of its kind had. `refused` and `failed` are by status; 0: the connection broke.

    What had no answer of the API's own, or a 5xx that is no refusal, may be stored all the same: in the audit it is
    `unknown`, and may be as much as `failed`.
    """

    date: str
    machine: Machine
    sustainable: float
    seconds: float
    offered: int
    accepted: int
    refused: dict[int, int]
    failed: dict[int, int]
    accepted_p50_ms: float | None
    accepted_p99_ms: float | None
    refused_p50_ms: float | None
    refused_p99_ms: float | None
    deepest_pending: int
    deepest_stream: int
    drained_after_s: float
    api_mb: float
    valkey_mb: float
    audit: Audit
    depths: Sequence[Depth]

    @property
    def faults(self) -> list[str]:
        """What was promised and not kept, in words."""
        excused = self.audit.unknown <= sum(self.failed.values())
        return (msgspec.structs.replace(self.audit, unknown=0) if excused else self.audit).faults


def of(
    flood: Flood, depths: Sequence[Depth], audit: Audit, *, rate: float, seconds: float, drained_after_s: float
) -> Spike:
    """The figures, rounded to what they can mean."""
    accepted, refused = (percentiles(values, 0.50, 0.99) for values in (flood.accepted_s, flood.refused_s))
    statuses = {status: count for status, count in sorted(flood.by_status.items()) if status not in TAKEN}
    return Spike(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=Machine.here(),
        sustainable=round(rate),
        seconds=seconds,
        offered=flood.offered,
        accepted=sum(flood.by_status[status] for status in TAKEN),
        refused={status: count for status, count in statuses.items() if status == REFUSED},
        failed={status: count for status, count in statuses.items() if status != REFUSED},
        accepted_p50_ms=_ms(accepted[0]),
        accepted_p99_ms=_ms(accepted[1]),
        refused_p50_ms=_ms(refused[0]),
        refused_p99_ms=_ms(refused[1]),
        deepest_pending=max(depth.pending for depth in depths),
        deepest_stream=max(depth.stream for depth in depths),
        drained_after_s=round(drained_after_s, 1),
        api_mb=max(depth.api_mb for depth in depths),
        valkey_mb=max(depth.valkey_mb for depth in depths),
        audit=audit,
        depths=depths,
    )


def show(console: Console, spike: Spike) -> None:
    """Prints the table, the curve and the verdict."""
    machine = spike.machine
    table = Table("", "figure", title="riskengine spike", caption=f"{machine.processor}, {machine.cores} cores")
    for words, value in _rows(spike):
        table.add_row(words, value)
    console.print(table)
    console.print("accepted and not decided, by seconds")
    step = -(-len(spike.depths) // CURVE_LINES)
    for depth in spike.depths[::step]:
        bar = "█" * round(CURVE_WIDTH * depth.pending / max(1, spike.deepest_pending))
        console.print(f"{depth.after_s:6.1f} {depth.pending:10,} {bar}", markup=False)
    for fault in spike.faults:
        console.print(f"[red]{fault}")
    if not spike.faults:
        console.print(f"[green]every one of {spike.audit.accepted:,} accepted transactions is stored and decided once")


def _rows(spike: Spike) -> list[tuple[str, str]]:
    return [
        ("sustainable, transactions a second", f"{spike.sustainable:,.0f}"),
        (f"offered in {spike.seconds:g} s", f"{spike.offered:,}"),
        ("accepted", f"{spike.accepted:,}"),
        *[(f"refused with {status}", f"{count:,}") for status, count in spike.refused.items()],
        *[(f"failed with {status}" if status else "no answer", f"{n:,}") for status, n in spike.failed.items()],
        ("accepted answers, p50 · p99, ms", f"{spike.accepted_p50_ms} · {spike.accepted_p99_ms}"),
        ("refusals, p50 · p99, ms", f"{spike.refused_p50_ms} · {spike.refused_p99_ms}"),
        ("most accepted and not decided", f"{spike.deepest_pending:,}"),
        ("most in the stream", f"{spike.deepest_stream:,}"),
        ("all decided after the spike, s", f"{spike.drained_after_s:,}"),
        ("memory of an API process, MB", f"{spike.api_mb:,}"),
        ("memory that Valkey counts, MB", f"{spike.valkey_mb:,}"),
    ]


def _ms(seconds: float) -> float | None:
    """None where there was nothing to measure."""
    return None if math.isnan(seconds) else round(seconds * 1e3, 1)
