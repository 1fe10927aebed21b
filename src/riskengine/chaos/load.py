"""The load: open loop, many connections, and a client that does not rest before each of its requests is answered."""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from itertools import chain, repeat
from random import Random
from uuid import UUID

import msgspec

from riskengine.chaos.record import Record, Told
from riskengine.chaos.traffic import Parcel, Traffic, Way
from riskengine.client.connection import Connection, Response
from riskengine.client.requests import Requests
from riskengine.domain import clock
from riskengine.domain.errors import Unavailable

CONNECTIONS = 64
"""Connections at most. Where all wait for an answer, others wait for a connection."""

ANSWER_PATIENCE_S = 12.0
"""Seconds to wait for an answer before the connection is given up."""

MOST_OUTSTANDING = 2_500
"""Payments without an answer at most, some 25 s of the usual rate. What would be sent beyond is held back for good."""

FURTHEST_BEHIND_S = 1.0
"""Seconds that the client may be late with sending: what it was further behind is left out, instead of a burst."""

REPLAY_SHARE = 0.03
"""Requests sent under an old key, against those under new ones."""

LONGEST_WORDS = 500
"""Bytes of a refusal that are kept."""

_BACKOFF_S = (0.2, 0.5, 1.0, 2.0)
_TAKEN = {HTTPStatus.OK, HTTPStatus.CREATED}
_TRY_AGAIN = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


class _Receipt(msgspec.Struct):
    transaction_id: UUID
    idempotency_key: str


class _Receipts(msgspec.Struct):
    transactions: list[_Receipt]


class _Decision(msgspec.Struct):
    transaction_id: UUID
    score: float
    outcome: str


_receipt = msgspec.json.Decoder(_Receipt)
_receipts = msgspec.json.Decoder(_Receipts)
_decision = msgspec.json.Decoder(_Decision)


class Load:
    """Sends `rate` payments a second to the API and writes down what happens in `record`."""

    def __init__(self, to: Requests, traffic: Traffic, record: Record, *, rate: float, seed: int) -> None:
        self._to = to
        self._traffic = traffic
        self._record = record
        self._rate = rate
        self._random = Random(f"{seed} load")
        self._idle: list[Connection] = []
        self._lanes = asyncio.Semaphore(CONNECTIONS)
        self._under_way: set[asyncio.Task[None]] = set()
        self.outstanding = 0

    async def run(self) -> None:
        """Sends until it is cancelled. What has no answer by then is still sent again: see `settle`."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            parcel = self._traffic.next(clock.now_ms())
            due = max(due + len(parcel.payments) / self._rate, loop.time() - FURTHEST_BEHIND_S)
            await asyncio.sleep(due - loop.time())
            if self.outstanding + len(parcel.payments) > MOST_OUTSTANDING:
                self._record.held_back += len(parcel.payments)
                continue
            self._record.send(parcel.payments)
            self._record.duplicates += parcel.copies - 1
            for _ in range(parcel.copies):
                self._begin(parcel)
            if self._random.random() < REPLAY_SHARE and (old := self._record.old()) is not None:
                self._record.replays += 1
                self._begin(Parcel(self._random.choice((Way.SINGLE, Way.DECISION)), (old,)))

    async def settle(self, patience_s: float) -> None:
        """Returns when every request is answered, or after so many seconds; nothing is under way then."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=patience_s)
        for task in self._under_way:
            task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way)
        while self._idle:
            self._idle.pop().close()

    def _begin(self, parcel: Parcel) -> None:
        task = asyncio.create_task(self._deliver(parcel))
        self.outstanding += len(parcel.payments)
        self._under_way.add(task)
        task.add_done_callback(lambda done: self._end(done, len(parcel.payments)))

    def _end(self, task: "asyncio.Task[None]", count: int) -> None:
        self._under_way.discard(task)
        self.outstanding -= count
        if not task.cancelled() and (error := task.exception()) is not None:
            self._record.misfit(f"an answer could not be read: {error!r}")

    async def _deliver(self, parcel: Parcel) -> None:
        """Sends a request again and again, with the same keys, until it is answered."""
        request = self._to("POST", parcel.path, parcel.body)
        for pause in chain(_BACKOFF_S, repeat(_BACKOFF_S[-1])):
            async with self._lanes:
                response = await self._send(request)
            self._record.answers[response.status if response else 0] += 1
            if response and response.status in _TAKEN:
                self._note(parcel, response.body)
                return
            if response and response.status not in _TRY_AGAIN:
                self._record.refuse(
                    f"{response.status} to {parcel.path}: {response.body[:500].decode(errors='replace')}"
                )
                if response.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                    return
            self._record.sent_again += 1
            await asyncio.sleep(pause * self._random.uniform(0.7, 1.3))

    async def _send(self, request: bytes) -> Response | None:
        """The answer, if there is one in time. A connection that gave none is not used again."""
        connection = self._idle.pop() if self._idle else Connection(self._to.host, self._to.port)
        answered = False
        try:
            with suppress(Unavailable, TimeoutError):
                async with asyncio.timeout(ANSWER_PATIENCE_S):
                    response = await connection.send(request)
                answered = True
                return response
            return None
        finally:
            if answered:
                self._idle.append(connection)
            else:
                connection.close()

    def _note(self, parcel: Parcel, body: bytes) -> None:
        match parcel.way:
            case Way.SINGLE:
                receipts = [_receipt.decode(body)]
            case Way.BATCH:
                receipts = _receipts.decode(body).transactions
            case Way.DECISION:
                decision = _decision.decode(body)
                receipts = [_Receipt(decision.transaction_id, parcel.payments[0].idempotency_key)]
                self._record.tell(decision.transaction_id, Told(decision.score, decision.outcome))
        keys = [payment.idempotency_key for payment in parcel.payments]
        if [receipt.idempotency_key for receipt in receipts] != keys:
            self._record.misfit(f"the keys {keys[:3]}... were answered for with {receipts[:3]}...")
        for receipt in receipts:
            self._record.acknowledge(receipt.idempotency_key, receipt.transaction_id)
