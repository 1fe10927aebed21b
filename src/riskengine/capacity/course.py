"""Runs on a stack, one after another, over rows that go on where the last one stopped."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from riskengine.capacity.calibration import Machine
from riskengine.capacity.meter import Meter, metering
from riskengine.client import requests
from riskengine.client.closed_loop import NotTakenError, closed_loop
from riskengine.client.requests import Requests
from riskengine.domain.transaction import Submission
from riskengine.storage.database import Database

POLL_S = 0.02
"""Seconds between two looks whether the last decision is stored: the error of an end-to-end time."""

PATIENCE_S = 20.0
"""Seconds without any decision after which a run has failed."""


class EndToEnd(msgspec.Struct, frozen=True):
    """From the first request until the last decision is in PostgreSQL. `cpu_us` is by kind of process, in µs a row.

    `cores` is how many processors of the machine nobody else used meanwhile.
    """

    tps: float
    cpu_us: dict[str, float]
    rss_mb: dict[str, float]
    cores: float


class Course:
    """A stack with the rows that are still to be sent to it."""

    def __init__(self, database: Database, to: Requests, rows: Iterable[Submission]) -> None:
        self._database = database
        self._to = to
        self._rows = iter(rows)

    def singles(self, count: int, path: str = requests.TRANSACTIONS) -> list[bytes]:
        """Requests with one of the next rows each."""
        return [self._to("POST", path, requests.transaction(row)) for row in self._take(count)]

    def batches(self, count: int, size: int) -> list[bytes]:
        """Requests with the next rows, in batches of that size."""
        bodies = (requests.transaction(row) for row in self._take(count))
        made: Iterator[list[bytes]] = iter(lambda: list(islice(bodies, size)), [])
        return [self._to("POST", requests.BATCH, requests.batch(batch)) for batch in made]

    async def send(self, prepared: Sequence[bytes], connections: int) -> list[float]:
        """Sends what was prepared, and returns the latencies in seconds. Raises NotTakenError."""
        return await closed_loop(self._to, prepared, connections)

    async def end_to_end(self, prepared: Sequence[bytes], count: int, connections: int) -> EndToEnd:
        """Sends requests with so many rows, and waits until all are decided. Raises NotTakenError if they are not."""
        before = await self.value("SELECT count(*) FROM decisions")
        async with metering() as meter:
            started = time.perf_counter()
            await self.send(prepared, connections)
            await self.all_decided()
            seconds = time.perf_counter() - started
        decided = await self.value("SELECT count(*) FROM decisions") - before
        if decided != count:
            raise NotTakenError(f"{count} transactions were accepted and {decided} decided")
        return EndToEnd(count / seconds, a_row(meter, count), meter.rss_mb, cores_of(meter))

    async def all_decided(self) -> None:
        """Returns once nothing is pending. Raises NotTakenError if nothing is decided for PATIENCE_S."""
        last, since = -1, time.monotonic()
        while pending := await self.pending():
            if pending != last:
                last, since = pending, time.monotonic()
            if time.monotonic() - since > PATIENCE_S:
                raise NotTakenError(f"{pending} transactions are accepted and nobody decides them")
            await asyncio.sleep(POLL_S)

    async def pending(self) -> int:
        """How many are accepted and not decided."""
        return await self.value("SELECT count(*) FROM pending")

    async def value(self, statement: str) -> int:
        """The one number that a statement gives."""
        async with self._database.connection() as connection:
            value: int = await connection.fetchval(statement)
        return value

    def _take(self, count: int) -> list[Submission]:
        return [next(self._rows) for _ in range(count)]


def a_row(meter: Meter, count: int) -> dict[str, float]:
    """CPU time of a row, in µs, by kind of process."""
    return {kind: seconds * 1e6 / count for kind, seconds in meter.cpu.items()}


def cores_of(meter: Meter) -> float:
    """The processors that nobody else used while it was metered."""
    return max(0.0, Machine.here().cores - meter.elsewhere / meter.seconds)
