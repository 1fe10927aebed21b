from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from riskengine.resilience import redis as connections
from riskengine.storage.database import Database
from riskengine.streaming.redis_stream import RedisStream


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database of the test's own."""
    database = await Database.connect(database_url, idle=1, most=10, name="test")
    yield database
    await database.close()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of the emptied Valkey."""
    client = connections.connect(redis_url, "test")
    yield client
    await client.aclose()


@pytest.fixture
def queue(redis: Redis) -> RedisStream:
    """The queue on it."""
    return RedisStream(redis)
