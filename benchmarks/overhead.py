"""`python -m benchmarks.overhead`: what metrics and sampled traces cost, in one run: the same work with and without.

The work is that of an API and a worker, from a request to its decision, in this process. Ways to measure take turns, so
that the noise of a machine hits all alike; what counts is the processor's time of this process, and of the ratios of
turns the median. PostgreSQL and Valkey do the same in all of them.
"""

import argparse
import asyncio
import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import prometheus_client
import uvloop
from prometheus_client.metrics import MetricWrapperBase

from benchmarks import overhead_ground
from benchmarks.overhead_ground import Ground
from benchmarks.timing import rotated
from riskengine import logs
from riskengine.pipeline import starters
from riskengine.stack.postgres import Postgres
from riskengine.stack.valkey import Valkey
from riskengine.telemetry import tracing
from riskengine.telemetry.bulk_histogram import Bulk


class Plan(msgspec.Struct, frozen=True):
    """How often each variant does each work, and how many transactions a turn has: enough that most turns of what comes
    singly have something that is traced, and that what the process does beside (chores, collecting garbage) is spread.
    That is a multiple of both BATCH and AT_ONCE.
    """

    turns: int
    transactions: int


WHOLE, QUICK = Plan(12, 1600), Plan(2, 400)

SAMPLE = 0.01
"""The share of requests that are traced."""

BOUND = 1.03
"""What metrics and sampled traces together may cost: the ratio to the same work without."""


class Variant(msgspec.Struct, frozen=True):
    """A way to do the work: how it is set up, and again taken down, around a turn."""

    name: str
    set_up: Callable[[], AbstractContextManager[None]]


class Cost(msgspec.Struct, frozen=True):
    """A variant's cost of a work: microseconds of a processor for a transaction, and the median ratio to the first."""

    variant: str
    work: str
    us: float
    ratio: float


class _Nothing:
    """A metric that does not measure."""

    def _pass(self, *_: object) -> None:
        pass

    inc = dec = set = observe = add = _pass

    def time(self) -> AbstractContextManager[None]:
        return nullcontext()


@contextmanager
def without_metrics() -> Iterator[None]:
    """Whatever is counted or observed meanwhile is not."""
    nothing = _Nothing()
    patches: list[tuple[Any, str]] = [
        (prometheus_client.Counter, "inc"),
        *((prometheus_client.Gauge, name) for name in ("inc", "dec", "set")),
        *((prometheus_client.Histogram, name) for name in ("observe", "time")),
        (Bulk, "add"),
    ]
    undo = [mock.patch.object(kind, name, getattr(nothing, name)) for kind, name in patches]
    undo.append(mock.patch.object(MetricWrapperBase, "labels", return_value=nothing))
    for patch in undo:
        patch.start()
    try:
        yield
    finally:
        for patch in undo:
            patch.stop()


@contextmanager
def _traced(endpoint: str) -> Iterator[None]:
    tracing.start(share=SAMPLE, endpoint=endpoint, service="riskengine-overhead", instance="overhead")
    try:
        yield
    finally:
        tracing.stop()


def variants(endpoint: str) -> list[Variant]:
    """Nothing, metrics alone, and metrics with traces that are sent to the endpoint."""
    return [
        Variant("nothing", without_metrics),
        Variant("metrics", nullcontext),
        Variant("metrics and traces", lambda: _traced(endpoint)),
    ]


async def measure(ground: Ground, chosen: Sequence[Variant], plan: Plan) -> list[Cost]:
    """The cost of each variant, for each work. What is done first, once, is not counted."""
    works = {"batches": ground.batches, "singles": ground.singles, "decisions": ground.decisions}
    found: list[Cost] = []
    for name, work in works.items():
        await work(plan.transactions)
        seconds: list[list[float]] = [[] for _ in chosen]
        for turn in range(plan.turns):
            for place in rotated(len(chosen), turn):
                with chosen[place].set_up():
                    gc.collect()  # what others left is not for this one to clear away
                    before = time.process_time()
                    await work(plan.transactions)
                    seconds[place].append(time.process_time() - before)
        for variant, times in zip(chosen, seconds, strict=True):
            ratio = statistics.median(one / base for one, base in zip(times, seconds[0], strict=True))
            found.append(Cost(variant.name, name, statistics.median(times) / plan.transactions * 1e6, ratio))
    return found


def main() -> None:
    """Measures on servers of its own, and prints the costs; writes them to a file if one is given."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds only: shows that it runs")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--database", help="an address of PostgreSQL with the schema, in place of a server of its own")
    parser.add_argument("--redis", help="an address of Valkey, likewise")
    arguments = parser.parse_args()
    logs.configure("error", "console")
    with _servers(arguments.database, arguments.redis) as (database_url, redis_url), _sink() as endpoint:
        costs = uvloop.run(_measured(database_url, redis_url, endpoint, QUICK if arguments.quick else WHOLE))
    for cost in costs:
        print(f"{cost.work:10} {cost.variant:20} {cost.us:8.1f} us  x {cost.ratio:.4f}")
    if arguments.output is not None:
        arguments.output.write_bytes(msgspec.json.format(msgspec.json.encode(costs)) + b"\n")
    if not arguments.quick and max(cost.ratio for cost in costs) > BOUND:
        sys.exit(f"more than {BOUND}")


async def _measured(database_url: str, redis_url: str, endpoint: str, plan: Plan) -> list[Cost]:
    async with overhead_ground.running(database_url, redis_url) as ground:
        return await measure(ground, variants(endpoint), plan)


@contextmanager
def _servers(database_url: str | None, redis_url: str | None) -> Iterator[tuple[str, str]]:
    """The servers that are given, or new ones."""
    if database_url is not None and redis_url is not None:
        yield database_url, redis_url
        return
    with tempfile.TemporaryDirectory() as name:
        postgres, valkey = Postgres(Path(name) / "postgres"), Valkey(Path(name) / "valkey")
        try:
            postgres.start()
            valkey.start()
            asyncio.run(starters.prepare(postgres.url()))
            yield postgres.url(), valkey.url
        finally:
            valkey.stop()
            postgres.stop()


@contextmanager
def _sink() -> Iterator[str]:
    """The address of somebody who takes traces, in another process."""
    command = [sys.executable, "-m", "benchmarks.sink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
