"""The load, against an API that fails on purpose: it sends again until it is answered, and writes everything down."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import uuid4

import pytest

from riskengine.chaos import load as loads
from riskengine.chaos.load import Load
from riskengine.chaos.record import Record
from riskengine.chaos.traffic import Traffic
from riskengine.client.requests import Requests


class Unreliable:
    """An API that answers by script first (a status, 0 to hang up, -1 never to answer), and then rightly."""

    def __init__(self, script: list[int]) -> None:
        self.script = script
        self.seen: Counter[str] = Counter()
        self.ids: dict[str, str] = {}
        self.lie = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
                body = json.loads(await reader.readexactly(length))
                status = self.script.pop(0) if self.script else 201
                if status == 0:
                    break
                if status < 0:
                    await asyncio.sleep(600)
                answer = json.dumps(self._answer(head.split()[1], body)).encode() if status < 300 else b"{}"
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer)
        writer.close()

    def _answer(self, path: str, body: dict[str, object]) -> object:
        payments = body.get("transactions", [body])
        assert isinstance(payments, list)
        receipts = []
        for payment in payments:
            key = payment["idempotency_key"]
            self.seen[key] += 1
            known = str(uuid4()) if self.lie else self.ids.setdefault(key, str(uuid4()))
            receipts.append({"transaction_id": known, "idempotency_key": key, "score": 1.5, "outcome": "approve"})
        return {"transactions": receipts} if path.endswith("batch") else receipts[0]


@pytest.fixture
async def api() -> AsyncIterator[tuple[Unreliable, Requests]]:
    """The API, and requests to it."""
    unreliable = Unreliable([])
    server = await asyncio.start_server(unreliable.serve, "127.0.0.1", 0)
    yield unreliable, Requests("127.0.0.1", server.sockets[0].getsockname()[1], "rk_key")
    server.close()


async def _run(to: Requests, record: Record, payments: int) -> None:
    """Sends so many payments or some more, and settles."""
    load = Load(to, Traffic(1), record, rate=2000, seed=1)
    sending = asyncio.create_task(load.run())
    async with asyncio.timeout(60):
        while len(record.sent) < payments:
            await asyncio.sleep(0.01)
    sending.cancel()
    await asyncio.wait([sending])
    await load.settle(60.0)
    assert load.outstanding == 0


async def test_everything_is_answered_whatever_fails_first(api: tuple[Unreliable, Requests]) -> None:
    # Given an API that hangs up, is overloaded, and lets the balancer answer
    unreliable, to = api
    unreliable.script = [0, 503, 429, 502, 0, 504, 503, 201, 503, 0]
    record = Record(1)
    # When many payments are sent
    await _run(to, record, 400)
    # Then each was answered in the end, and the record says with what
    assert record.unanswered == []
    assert {key: str(value) for key, value in record.acknowledged.items()} == unreliable.ids
    assert record.contradictions == record.refused == []
    assert record.answers[503] == 3
    assert record.answers[0] == 3
    assert record.sent_again == 9
    # And old keys and keys at the same time were sent, too
    assert record.replays > 0
    assert record.duplicates > 0
    assert max(unreliable.seen.values()) > 1


async def test_what_never_answers_is_sent_again(
    api: tuple[Unreliable, Requests], monkeypatch: pytest.MonkeyPatch
) -> None:
    unreliable, to = api
    unreliable.script = [-1]
    monkeypatch.setattr(loads, "ANSWER_PATIENCE_S", 0.5)
    record = Record(1)
    await _run(to, record, 50)
    assert record.unanswered == []
    assert record.answers[0] == 1


@pytest.mark.parametrize("status", [400, 409, 422, 500])
async def test_an_answer_that_should_not_be_is_noted(api: tuple[Unreliable, Requests], status: int) -> None:
    unreliable, to = api
    unreliable.script = [status]
    record = Record(1)
    await _run(to, record, 20)
    assert len(record.refused) == 1
    assert record.refused[0].startswith(str(status))


async def test_a_key_that_is_answered_with_another_transaction_is_noted(api: tuple[Unreliable, Requests]) -> None:
    unreliable, to = api
    unreliable.lie = True
    record = Record(1)
    await _run(to, record, 400)
    assert record.contradictions


async def test_too_much_without_an_answer_is_held_back(
    api: tuple[Unreliable, Requests], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an API that does not answer for a while
    unreliable, to = api
    unreliable.script = [503] * 60
    monkeypatch.setattr(loads, "MOST_OUTSTANDING", 50)
    record = Record(1)
    # When more is to be sent than may wait, then it is left out, and what was sent is answered
    load = Load(to, Traffic(1), record, rate=2000, seed=1)
    sending = asyncio.create_task(load.run())
    async with asyncio.timeout(60):
        while record.held_back < 100:
            assert load.outstanding <= 50 + loads.CONNECTIONS
            await asyncio.sleep(0.01)
    sending.cancel()
    await asyncio.wait([sending])
    await load.settle(60.0)
    assert record.unanswered == []
