"""Sends a sample to the API as clients do: over many connections at once, one by one and in batches."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from itertools import islice
from typing import TypeVar
from uuid import UUID

import msgspec

from riskengine.client import requests
from riskengine.client.connection import Connection, Response
from riskengine.client.requests import Requests
from riskengine.demo.journal import Journal
from riskengine.demo.sample import Sample
from riskengine.domain.account import Account
from riskengine.domain.errors import RiskEngineError, Unavailable
from riskengine.domain.transaction import Submission

CONNECTIONS = 24
"""Connections at once: enough for group commit to have groups."""

SINGLES, BATCH = 50, 50
"""What a connection sends in turn: so many one by one, then so many in one request."""

TRIES = 20
"""How often a request is sent before it is given up: an API process that was killed is back within seconds."""

PAUSE_S = 0.5
"""Seconds between two tries."""

MOST_WORDS = 500
"""Bytes of a refusal that are kept."""

Item = TypeVar("Item")

_RETRY = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
_TAKEN = {HTTPStatus.OK, HTTPStatus.CREATED}


class _Receipt(msgspec.Struct):
    transaction_id: UUID


class _Receipts(msgspec.Struct):
    transactions: list[_Receipt]


_receipt = msgspec.json.Decoder(_Receipt)
_receipts = msgspec.json.Decoder(_Receipts)


class Sender:
    """Sends all of a sample once and writes a journal; describes its accounts first, which takes a key of an `admin`.

    All transactions of an account go over one connection, in their order. What fails on the way is sent again: the
    idempotency key makes sure that it counts once.
    """

    def __init__(self, to: Requests, admin: Requests, sample: Sample, journal: Journal) -> None:
        self._to = to
        self._admin = admin
        self._sample = sample
        self._journal = journal

    async def run(self) -> None:
        """Returns when everything is answered. Raises RiskEngineError if an account cannot be described."""
        await self._each(self._describe, list(self._sample.accounts))
        lanes: list[list[Submission]] = [[] for _ in range(CONNECTIONS)]
        lane_of: dict[str, int] = {}
        for submission in self._sample.submissions:
            account_id = submission.transaction.account_id
            lanes[lane_of.setdefault(account_id, len(lane_of) % CONNECTIONS)].append(submission)
        await self._each(self._send_lane, lanes)

    async def _each(self, work: Callable[[Connection, Item], Awaitable[None]], items: Sequence[Item]) -> None:
        """Does the work for all items, each connection taking the next item when it is done with one."""
        remaining = iter(items)

        async def one_by_one() -> None:
            connection = Connection(self._to.host, self._to.port)
            try:
                for item in remaining:
                    await work(connection, item)
            finally:
                connection.close()

        async with asyncio.TaskGroup() as group:
            for _ in range(min(CONNECTIONS, len(items))):
                group.create_task(one_by_one())

    async def _describe(self, connection: Connection, account: Account) -> None:
        path, body = requests.account_path(account.account_id), requests.account(account)
        response = await self._patiently(connection, self._admin("PUT", path, body))
        if response.status not in _TAKEN:
            raise RiskEngineError(f"account {account.account_id} was refused: {_words(response)}")

    async def _send_lane(self, connection: Connection, lane: Sequence[Submission]) -> None:
        remaining = iter(lane)
        while turn := list(islice(remaining, SINGLES + BATCH)):
            for submission in turn[:SINGLES]:
                await self._send_one(connection, submission)
            if turn[SINGLES:]:
                await self._send_batch(connection, turn[SINGLES:])

    async def _send_one(self, connection: Connection, submission: Submission) -> None:
        request = self._to("POST", requests.TRANSACTIONS, requests.transaction(submission))
        response = await self._timed(connection, request, 1, self._journal.singles)
        if response.status in _TAKEN:
            self._journal.accepted.add(_receipt.decode(response.body).transaction_id)
        else:
            self._journal.refused.append(_words(response))

    async def _send_batch(self, connection: Connection, batch: Sequence[Submission]) -> None:
        request = self._to("POST", requests.BATCH, requests.batch(map(requests.transaction, batch)))
        response = await self._timed(connection, request, len(batch), self._journal.batches)
        if response.status in _TAKEN:
            receipts = _receipts.decode(response.body).transactions
            self._journal.accepted.update(receipt.transaction_id for receipt in receipts)
        else:
            self._journal.refused.extend([_words(response)] * len(batch))

    async def _timed(self, connection: Connection, request: bytes, count: int, seconds: list[float]) -> Response:
        started = time.perf_counter()
        self._journal.sent += count
        response = await self._patiently(connection, request)
        seconds.append(time.perf_counter() - started)
        return response

    async def _patiently(self, connection: Connection, request: bytes) -> Response:
        """The answer; while no API process answers, or it says to try again, the same request is sent again."""
        response = Response(HTTPStatus.SERVICE_UNAVAILABLE, b"no answer")
        for _ in range(TRIES):
            with suppress(Unavailable):
                response = await connection.send(request)
                if response.status not in _RETRY:
                    return response
            self._journal.retried += 1
            await asyncio.sleep(PAUSE_S)
        return response


def _words(response: Response) -> str:
    """A refusal in words."""
    return f"{response.status} {response.body[:MOST_WORDS].decode(errors='replace')}"
