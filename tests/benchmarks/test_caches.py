"""The standard load of the cache runs, and counts what it should."""

from redis.asyncio import Redis

from benchmarks import caches
from riskengine.storage.database import Database


async def test_a_short_run_has_all_figures(database: Database, redis: Redis) -> None:
    # When the load passes for a few seconds
    found = await caches.measure(database, redis, seconds=6)
    # Then each kind was asked for, and each rate can be
    assert [one.kind for one in found] == list(caches.TARGETS)
    assert all(one.requests > 0 and 0 <= one.rate <= 1 for one in found)
    assert {one.kind: one.target for one in found} == caches.TARGETS
