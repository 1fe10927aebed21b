"""A whole stack for each file of promises, with a queue of four partitions, a key to its API, and quick takeovers."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from riskengine.stack.errors import StackError
from riskengine.stack.stack import Stack
from riskengine.storage.database import Database


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Two API replicas behind the balancer and two workers, on PostgreSQL and Valkey."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKER_TAKEOVER_IDLE_MS", "1000")
        patch.setenv("RELAY_AFTER_MS", "1000")
        patch.setenv("STREAM_PARTITIONS", "4")
        try:
            stack = Stack(api=2, workers=2)
            stack.__enter__()
        except StackError as error:
            pytest.skip(f"no embedded stack: {error}")
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def api_key(stack: Stack) -> str:
    """A key that may do everything, made as a user makes it."""
    made = subprocess.run(
        [sys.executable, "-m", "riskengine", "keys", "create", "--name", "test", "--scope", "admin"],
        env={**os.environ, "DATABASE_URL": stack.database_url, "REDIS_URL": stack.redis_url},
        capture_output=True,
        text=True,
        check=True,
    )
    return next(word for word in made.stdout.split() if word.startswith("rk_"))


@pytest.fixture
async def client(stack: Stack, api_key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the balancer."""
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(
        base_url=f"{stack.url}/api/v1", headers={"Authorization": f"Bearer {api_key}"}, timeout=30, limits=limits
    ) as client:
        yield client


@pytest.fixture
async def database(stack: Stack) -> AsyncIterator[Database]:
    """The stack's database."""
    database = await Database.connect(stack.database_url, idle=1, most=2, name="test")
    yield database
    await database.close()


async def drained(database: Database, within: float = 60.0) -> None:
    """Returns when nothing is pending any more."""
    async with asyncio.timeout(within), database.connection() as connection:
        while await connection.fetchval("SELECT count(*) FROM pending"):
            await asyncio.sleep(0.05)
