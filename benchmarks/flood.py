"""A client that honours nothing: whatever is answered is only counted, and nothing is sent again."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Iterable
from uuid import UUID

import msgspec

from riskengine.client.closed_loop import TAKEN
from riskengine.client.connection import Connection
from riskengine.client.requests import Requests
from riskengine.domain.errors import Unavailable

NO_ANSWER = 0
"""Stands where a status would, for a request whose connection broke."""

AT_ONCE = 0.002
"""Seconds within which requests that are due go out together: sleeping for each would cost more than sending it."""


class Shot(msgspec.Struct, frozen=True, gc=False):
    """A whole request, and how many transactions it has."""

    request: bytes
    transactions: int


class _Accepted(msgspec.Struct):
    transaction_id: UUID


class _Receipts(msgspec.Struct):
    transactions: list[_Accepted]


_single = msgspec.json.Decoder(_Accepted)
_batch = msgspec.json.Decoder(_Receipts)


class Flood:
    """What was sent, and what came of it. Counts are of transactions by status; times are seconds from when a request
    was due to its answer, of requests that were accepted and of the others.
    """

    def __init__(self, to: Requests) -> None:
        self._to = to
        self.offered = 0
        self.by_status: Counter[int] = Counter()
        self.accepted_s: list[float] = []
        self.refused_s: list[float] = []
        self._receipts: list[tuple[int, bytes]] = []
        self._idle: deque[Connection] = deque()
        self._everyone: list[Connection] = []

    async def closed_loop(self, shots: Iterable[Shot], connections: int) -> None:
        """Sends all, each connection the next one when it has its answer."""
        remaining = iter(shots)

        async def one_by_one() -> None:
            for shot in remaining:
                self.offered += shot.transactions
                await self._send(shot, time.perf_counter())

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(connections):
                    tasks.create_task(one_by_one())
        finally:
            self._close()

    async def open_loop(self, shots: Iterable[Shot], rate: float, seconds: float) -> None:
        """Sends so many transactions a second, for so long, however slow answers are; returns when all is answered."""
        started = time.perf_counter()
        try:
            async with asyncio.TaskGroup() as tasks:
                for shot in shots:
                    after = self.offered / rate
                    if after >= seconds:
                        break
                    if started + after - time.perf_counter() > AT_ONCE:
                        await asyncio.sleep(started + after - time.perf_counter())
                    self.offered += shot.transactions
                    tasks.create_task(self._send(shot, started + after))
        finally:
            self._close()

    def accepted(self) -> list[UUID]:
        """The ids of all transactions that were accepted."""
        found: list[UUID] = []
        for transactions, body in self._receipts:
            if transactions == 1:
                found.append(_single.decode(body).transaction_id)
            else:
                found += [one.transaction_id for one in _batch.decode(body).transactions]
        return found

    async def _send(self, shot: Shot, due: float) -> None:
        if not self._idle:
            self._everyone.append(Connection(self._to.host, self._to.port))
            self._idle.append(self._everyone[-1])
        connection = self._idle.pop()
        try:
            answer = await connection.send(shot.request)
        except Unavailable:
            self.by_status[NO_ANSWER] += shot.transactions
            return
        seconds = time.perf_counter() - due
        self._idle.append(connection)
        self.by_status[answer.status] += shot.transactions
        if answer.status in TAKEN:
            self._receipts.append((shot.transactions, answer.body))
            self.accepted_s.append(seconds)
        else:
            self.refused_s.append(seconds)

    def _close(self) -> None:
        for connection in self._everyone:
            connection.close()
