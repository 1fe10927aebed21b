"""The runs of a calibration, on a stack with one API process and no worker but those that are started here."""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, zip_longest
from pathlib import Path

import msgspec

from riskengine.capacity.course import POLL_S, Course, EndToEnd
from riskengine.capacity.mix import Mix
from riskengine.client import requests
from riskengine.client.closed_loop import NotTakenError
from riskengine.stack import ports
from riskengine.stack.engine import EngineProcess
from riskengine.stack.stack import Stack
from riskengine.stack.standing import Kind

CONNECTIONS, BATCH_CONNECTIONS = 64, 8
"""Clients at once: enough that nobody waits for one, and group commit has groups."""

BATCH = 100
"""Transactions of a batch request."""

FULL_BATCH, SMALL_BATCH = 100, 20
"""What a worker takes at once, usually and to compare: two points of a line."""

BEGUN, ENDED = 0.1, 0.9
"""The part of a backlog over which a worker's rate is taken: before, it wakes up; afterwards, batches are not full."""

LEAST = 200
"""Transactions of a run at least: one that is shorter than that measures its own beginning."""

PATIENCE_S = 60.0
"""Seconds within which a worker begins with what waits."""

_STOP_TIMEOUT_S = 4.0


class Rates(msgspec.Struct, frozen=True):
    """Transactions a second, roughly: how much to send for a run of so many seconds."""

    singles: float
    batches: float
    decisions: float


class Measuring:
    """One stack, and the rows that are sent to it."""

    def __init__(self, stack: Stack, course: Course) -> None:
        self.stack = stack
        self.course = course

    @contextmanager
    def worker(self, batch_size: int = FULL_BATCH) -> Iterator[None]:
        """A worker that takes so many at once, while the block lasts. Raises StackError if it does not start."""
        directory = Path(self.stack.api[0].process.program.log).parent
        environment = {**os.environ, **self.stack.addresses, "WORKER_BATCH_SIZE": str(batch_size)}
        part = EngineProcess(Kind.WORKER, "worker-1", directory, environment, ports.free())
        try:
            part.process.start()
            part.wait_ready(1)
            yield
        finally:
            part.process.stop(_STOP_TIMEOUT_S)

    async def warm_up(self) -> Rates:
        """Opens connections, prepares statements, fills caches; says how fast that went."""
        kinds = (
            (self.course.batches(5 * BATCH, BATCH), 5 * BATCH, BATCH_CONNECTIONS),
            (self.course.singles(LEAST), LEAST, CONNECTIONS),
            (self.course.singles(LEAST, requests.DECISIONS), LEAST, CONNECTIONS),
        )
        rates = [(await self.course.end_to_end(*kind)).tps for kind in kinds]
        return Rates(batches=rates[0], singles=rates[1], decisions=rates[2])

    async def singles(self, count: int) -> EndToEnd:
        """POST /transactions, and a worker that decides."""
        return await self.course.end_to_end(self.course.singles(count), count, CONNECTIONS)

    async def batches(self, count: int) -> EndToEnd:
        """POST /transactions/batch, and a worker that decides."""
        return await self.course.end_to_end(self.course.batches(count, BATCH), count, BATCH_CONNECTIONS)

    async def decisions(self, count: int) -> EndToEnd:
        """POST /decisions."""
        prepared = self.course.singles(count, requests.DECISIONS)
        return await self.course.end_to_end(prepared, count, CONNECTIONS)

    async def mixed(self, mix: Mix, count: int) -> EndToEnd:
        """All kinds at once, in these shares."""
        singles, decisions = round(count * mix.singles), round(count * mix.decisions)
        prepared = _interleaved(
            self.course.singles(singles),
            self.course.singles(decisions, requests.DECISIONS),
            self.course.batches(count - singles - decisions, BATCH),
        )
        return await self.course.end_to_end(prepared, count, CONNECTIONS)

    async def accept(self, count: int) -> float:
        """Singles that nobody decides meanwhile: how many the API process takes a second."""
        prepared = self.course.singles(count)
        started = time.perf_counter()
        await self.course.send(prepared, CONNECTIONS)
        return count / (time.perf_counter() - started)

    async def heap(self, count: int) -> None:
        """A backlog: so many more that wait, while there is no worker."""
        await self.course.send(self.course.batches(count, BATCH), BATCH_CONNECTIONS)

    async def drain(self, batch_size: int) -> float:
        """Has a new worker decide all that waits: transactions a second while the queue was never empty."""
        waiting = await self.course.pending()
        seen = [(time.perf_counter(), waiting)]
        with self.worker(batch_size):
            while seen[-1][1]:
                await asyncio.sleep(POLL_S)
                seen.append((time.perf_counter(), await self.course.pending()))
                if seen[-1][1] == waiting and seen[-1][0] - seen[0][0] > PATIENCE_S:
                    raise NotTakenError(f"{waiting} transactions wait and the worker does not begin")
        return _rate(seen)


def _rate(seen: Sequence[tuple[float, int]]) -> float:
    """How many left a second, between a tenth and nine tenths of all."""
    total = seen[0][1]
    inside = [(at, left) for at, left in seen if total * (1 - ENDED) <= left <= total * (1 - BEGUN)]
    if len(inside) < 2 or inside[0][1] == inside[-1][1]:  # too few to look at a part
        begun = max(index for index, (_, left) in enumerate(seen) if left == total)
        inside = [seen[begun], seen[-1]]
    (first, before), (last, after) = inside[0], inside[-1]
    return (before - after) / (last - first)


def _interleaved(*kinds: Sequence[bytes]) -> list[bytes]:
    """All requests, each kind spread evenly over the whole."""
    longest = max(map(len, kinds))
    spread: list[list[bytes | None]] = []
    for kind in kinds:
        places: list[bytes | None] = [None] * longest
        for number, request in enumerate(kind):
            places[number * longest // len(kind)] = request
        spread.append(places)
    return [request for request in chain.from_iterable(zip_longest(*spread)) if request is not None]
