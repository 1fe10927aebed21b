"""End to end with other numbers of processes, on the same rows: what each adds, and what a transaction costs."""

from collections.abc import Callable, Sequence

import msgspec
import uvloop

from benchmarks import course
from benchmarks.course import Course, EndToEnd, Scale
from benchmarks.traffic import Traffic
from riskengine.capacity import footprint
from riskengine.capacity.footprint import Footprint
from riskengine.stack.stack import Stack

FULL = Scale(warm_up=2_000, singles=8_000, batched=40_000, decisions_closed=0, decisions_open_most=0)
"""About ten seconds a stack."""

QUICK = Scale(warm_up=200, singles=200, batched=500, decisions_closed=0, decisions_open_most=0, single_connections=16)
"""It shows that everything runs, and no more."""


class Layout(msgspec.Struct, frozen=True):
    """How many API processes and workers, and on what: `one` Valkey or a `cluster` of six nodes."""

    api: int
    workers: int
    valkey: str = "one"

    def __str__(self) -> str:
        where = "" if self.valkey == "one" else ", a cluster of Valkey"
        return f"{self.api} API, {self.workers} workers{where}"


LAYOUTS = (
    Layout(1, 1),
    Layout(1, 2),
    Layout(1, 4),
    Layout(2, 1),
    Layout(2, 2),
    Layout(2, 4),
    Layout(2, 2, "cluster"),
    Layout(1, 1),
)
"""The first comes again at the end: what differs there is the noise of the machine."""


class Instances(msgspec.Struct, frozen=True):
    """What a layout did: end-to-end TPS, CPU in µs a transaction (engine and servers, not the client), by kind.

    `footprint` is None on a cluster, whose nodes also talk to each other.
    """

    layout: Layout
    single_tps: int
    batch_tps: int
    single_cpu_us: int
    batch_cpu_us: int
    single_cpu_by_kind: dict[str, int]
    batch_cpu_by_kind: dict[str, int]
    footprint: Footprint | None


def measure(rows: Traffic, scale: Scale, layouts: Sequence[Layout], say: Callable[[str], None]) -> list[Instances]:
    """The layouts, one after another, each on a new stack."""
    found = []
    for layout in layouts:
        say(str(layout))
        with Stack(api=layout.api, workers=layout.workers, cluster=layout.valkey == "cluster") as stack:
            found.append(uvloop.run(_measure(stack, layout, rows, scale)))
    return found


async def _measure(stack: Stack, layout: Layout, rows: Traffic, scale: Scale) -> Instances:
    is_one = layout.valkey == "one"
    before = await footprint.totals(stack) if is_one else None
    single, batch = await course.run(stack, rows, scale, _singles_and_batches)
    left = (await footprint.totals(stack)).since(before) if before else None
    return _of(layout, single, batch, left)


async def _singles_and_batches(runs: Course) -> tuple[EndToEnd, EndToEnd]:
    return await runs.singles(), await runs.batches()


def _of(layout: Layout, single: EndToEnd, batch: EndToEnd, left: Footprint | None) -> Instances:
    return Instances(
        layout,
        single_tps=round(single.tps),
        batch_tps=round(batch.tps),
        single_cpu_us=_served(single.cpu_us),
        batch_cpu_us=_served(batch.cpu_us),
        single_cpu_by_kind={kind: round(us) for kind, us in single.cpu_us.items()},
        batch_cpu_by_kind={kind: round(us) for kind, us in batch.cpu_us.items()},
        footprint=left,
    )


def _served(cpu_us: dict[str, float]) -> int:
    return round(sum(us for kind, us in cpu_us.items() if kind != "client"))
