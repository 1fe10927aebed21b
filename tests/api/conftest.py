"""The API as clients meet it: a real server on a port of its own, before real PostgreSQL and Valkey."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn

from riskengine.api.app import create_app
from riskengine.settings import Settings
from riskengine.stack import ports
from riskengine.storage import api_keys
from riskengine.storage.database import Database

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


class Api(msgspec.Struct, frozen=True):
    """A running API: a client with a key that may do everything, and the database behind it."""

    client: httpx.AsyncClient
    database: Database
    port: int


@asynccontextmanager
async def serving(database_url: str, redis_url: str, **settings: Any) -> AsyncIterator[int]:
    """An API server, with other settings if given, and its port."""
    port = ports.free()
    chosen = {"api_body_budget_mib": 64} | settings
    app = create_app(Settings(database_url=database_url, redis_url=redis_url, **chosen))
    server = uvicorn.Server(uvicorn.Config(app, port=port, http="httptools", access_log=False, log_config=None))
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done(), "the server did not start"
        await asyncio.sleep(0)
    try:
        yield port
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def client_of(port: int, key: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the server, with a key if one is given."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    limits = httpx.Limits(max_connections=200)
    base_url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=base_url, headers=headers, limits=limits, timeout=30) as client:
        yield client


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The database of the test."""
    database = await Database.connect(database_url, idle=1, most=5, name="test")
    yield database
    await database.close()


@pytest.fixture
async def api(database: Database, database_url: str, redis_url: str) -> AsyncIterator[Api]:
    """A running API."""
    key = await api_keys.create(database, "test", ("admin",))
    async with serving(database_url, redis_url) as port, client_of(port, key) as client:
        yield Api(client, database, port)
