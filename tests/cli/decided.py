"""Decided transactions for tests of commands that read them back."""

from collections.abc import Sequence

from redis.asyncio import Redis

from riskengine import wiring
from riskengine.domain.transaction import Transaction
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.recall import Recall
from riskengine.pipeline.running import Running
from riskengine.scoring import shared
from riskengine.state.histories import Histories
from riskengine.storage import submissions
from riskengine.storage.database import Database
from tests import factories


async def decide(database: Database, redis: Redis, transactions: Sequence[Transaction]) -> list[Transaction]:
    """Stores and decides transactions with what runs."""
    async with database.connection() as connection:
        await submissions.store(connection, [factories.submission(of=t) for t in transactions])
    engines = await Running.start(database, wiring.builder(database))
    histories = Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS)
    decider = Decider(database, Recall(database, histories, engines), engines)
    assert len((await decider.decide(transactions)).decisions) == len(transactions)
    return list(transactions)
