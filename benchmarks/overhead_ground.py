"""An API and a worker in this process, on real servers, so that one clock of the processor measures both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import msgspec

from riskengine import wiring
from riskengine.api.answers import App
from riskengine.api.app import create_app
from riskengine.settings import Settings
from riskengine.storage import api_keys
from riskengine.wiring import Parts
from riskengine.worker.worker import Worker

BATCH = 100
"""Transactions in a request."""

AT_ONCE = 16
"""Requests for a decision that wait at the same time, and share statements."""

_POLL = 0.002  # seconds between looks whether all is decided
_SCOPE = {"type": "http", "method": "POST", "scheme": "http", "http_version": "1.1", "query_string": b""}


class Ground:
    """Sends what a client would, without a network between, and waits until it is decided."""

    def __init__(self, app: App, key: str, worker: Parts) -> None:
        self._app = app
        self._headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
        self._decider = worker.decider
        self._numbers = count()

    async def batches(self, transactions: int) -> None:
        """So many, in batches of BATCH, one after the other, and then until the worker has decided all."""
        aim = self._decider.decided + transactions
        for _ in range(transactions // BATCH):
            await self._post("/api/v1/transactions/batch", {"transactions": [self._payment() for _ in range(BATCH)]})
        await self._decided(aim)

    async def singles(self, transactions: int) -> None:
        """So many, each in a request of its own, AT_ONCE at a time, and then until the worker has decided all."""
        aim = self._decider.decided + transactions
        await self._each("/api/v1/transactions", transactions)
        await self._decided(aim)

    async def decisions(self, transactions: int) -> None:
        """So many, to be decided at once, AT_ONCE of them at a time."""
        await self._each("/api/v1/decisions", transactions)

    async def _each(self, path: str, transactions: int) -> None:
        for _ in range(transactions // AT_ONCE):
            await asyncio.gather(*(self._post(path, self._payment()) for _ in range(AT_ONCE)))

    async def _decided(self, aim: int) -> None:
        while True:
            if self._decider.decided >= aim:
                return
            await asyncio.sleep(_POLL)

    def _payment(self) -> dict[str, object]:
        number = next(self._numbers)
        return {"account_id": f"a{number % 2_000}", "amount": f"{number % 900}.50", "currency": "EUR"}

    async def _post(self, path: str, body: object) -> None:
        content = msgspec.json.encode(body)
        scope = _SCOPE | {"path": path, "raw_path": path.encode(), "headers": self._headers}
        answers: list[Any] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            answers.append(message)

        await self._app(scope, receive, send)
        assert answers[0]["status"] in (200, 201), answers


@asynccontextmanager
async def running(database_url: str, redis_url: str) -> AsyncIterator[Ground]:
    """An API and a worker on these servers, whose database has the schema."""
    settings = Settings(database_url=database_url, redis_url=redis_url)
    app = create_app(settings)
    async with _alive(app), wiring.assemble(settings, name="riskengine-worker", idle=1, most=5) as parts:
        key = await api_keys.create(parts.database, "overhead", ("ingest",))
        worker = Worker(parts, settings)
        working = asyncio.create_task(worker.run())
        try:
            yield Ground(app, key, parts)
        finally:
            worker.stop()
            await working


@asynccontextmanager
async def _alive(app: App) -> AsyncIterator[None]:
    """The application between its start and its end, as a server has it."""
    said: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    heard: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    life = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, said.get, heard.put))
    await said.put({"type": "lifespan.startup"})
    assert (await heard.get())["type"] == "lifespan.startup.complete"
    try:
        yield
    finally:
        await said.put({"type": "lifespan.shutdown"})
        await life
