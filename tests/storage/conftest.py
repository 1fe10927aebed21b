from collections.abc import AsyncIterator

import pytest

from riskengine.storage.database import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database of its own for each test, with the schema and this month's partitions."""
    database = await Database.connect(database_url, idle=1, most=10, name="test")
    yield database
    await database.close()
