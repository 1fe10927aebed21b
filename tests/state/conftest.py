"""What is kept in Valkey is tried on one server, and on a cluster in several partitions."""

from collections.abc import AsyncIterator

import pytest

from riskengine.resilience import redis as connections
from riskengine.resilience.redis import Client

PARTITIONS = {"redis_url": 1, "cluster_url": 5}


@pytest.fixture(params=PARTITIONS)
def place(request: pytest.FixtureRequest) -> str:
    """Where: the name of the fixture that has the address."""
    return str(request.param)


@pytest.fixture
def partitions(place: str) -> int:
    """In how many partitions."""
    return PARTITIONS[place]


@pytest.fixture
async def redis(request: pytest.FixtureRequest, place: str) -> AsyncIterator[Client]:
    """A client of the emptied server or cluster."""
    client = connections.connect(request.getfixturevalue(place), "test")
    yield client
    await client.aclose()
