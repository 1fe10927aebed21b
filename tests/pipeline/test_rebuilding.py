"""All that scoring remembers can be made again from PostgreSQL, is the same, and the work goes on where it was."""

import random

import pytest
from redis.asyncio import Redis

from riskengine.domain.transaction import Transaction
from riskengine.pipeline import rounds
from riskengine.pipeline.backfill import Backfill
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.engines import Fixed
from riskengine.pipeline.rebuilding import ROUND, Rebuilding
from riskengine.pipeline.recall import Recall
from riskengine.scoring import shared
from riskengine.state.histories import Histories
from riskengine.storage import backfills, submissions
from riskengine.storage.database import Database
from tests import factories
from tests.scoring.stories import ENGINE

ACCOUNTS = 30
START = 1_700_000_000_000


@pytest.fixture
def histories(redis: Redis) -> Histories:
    return Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS)


@pytest.fixture
def rebuilding(database: Database, histories: Histories) -> Rebuilding:
    engines = Fixed(ENGINE)
    return Rebuilding(database, histories, engines, Backfill(database, histories, engines, settle_ms=0))


async def _decide_some(database: Database, histories: Histories) -> list[Transaction]:
    draw = random.Random(11)
    made = [
        factories.transaction(
            f"account-{draw.randrange(ACCOUNTS)}",
            f"{draw.randrange(1, 500)}.50",
            occurred_at=START + draw.randrange(86_400_000),
            device_id=f"d{draw.randrange(5)}",
            merchant=f"m{draw.randrange(5)}",
        )
        for _ in range(400)
    ]
    async with database.connection() as connection:
        await submissions.store(connection, [factories.submission(of=one) for one in made])
    decider = Decider(database, Recall(database, histories, Fixed(ENGINE)), Fixed(ENGINE))
    for start in range(0, len(made), 50):
        await decider.decide(made[start : start + 50])
    return made


async def _kept(redis: Redis) -> dict[bytes, bytes]:
    keys = sorted([key async for key in redis.scan_iter(match="history:*")])
    return dict(zip(keys, await redis.mget(keys), strict=True)) if keys else {}


async def test_histories_are_the_same_after_a_loss_and_after_damage(
    database: Database, histories: Histories, redis: Redis, rebuilding: Rebuilding
) -> None:
    # Given histories that live decisions left, of which Valkey then loses all
    await _decide_some(database, histories)
    live = await _kept(redis)
    await redis.flushall()
    # When all is rebuilt
    last = [progress async for progress in rebuilding.run()][-1]
    # Then it is the same to the last byte, and all of it was counted
    assert await _kept(redis) == live
    assert (last.what, last.done, last.total) == ("histories", len(live), len(live))
    # And when one history is damaged in a way that its head does not show, then a rebuilding mends it
    name, value = next(iter(live.items()))
    await redis.set(name, value[:-1] + bytes([value[-1] ^ 1]))
    assert await _kept(redis) != live
    _ = [progress async for progress in rebuilding.run()]
    assert await _kept(redis) == live


async def test_a_rebuilding_goes_on_where_it_was_interrupted(
    database: Database, histories: Histories, redis: Redis, rebuilding: Rebuilding, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a rebuilding that is interrupted after the first of three pages
    await _decide_some(database, histories)
    await redis.flushall()
    monkeypatch.setattr(rounds, "PAGE", ACCOUNTS // 3)
    running = rebuilding.run()
    async for progress in running:
        if progress.what == "histories" and progress.done == 2 * ACCOUNTS // 3:
            break
    await running.aclose()
    unfinished = await backfills.unfinished(database, ROUND)
    assert unfinished is not None
    assert unfinished.done == ACCOUNTS // 3
    first = await _kept(redis)
    await redis.delete(*first)
    # When it runs again
    steps = [progress.done async for progress in rebuilding.run() if progress.what == "histories"]
    # Then it begins with the second page, and ends
    assert steps == [2 * ACCOUNTS // 3, ACCOUNTS, ACCOUNTS]
    assert len(await _kept(redis)) == 2 * ACCOUNTS // 3
    assert await backfills.unfinished(database, ROUND) is None
