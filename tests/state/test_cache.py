"""The cache: one loads for all, what has changed is loaded again, and nobody notices when Valkey is away."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from riskengine.domain import clock, ids
from riskengine.resilience import redis as connections
from riskengine.stack import ports
from riskengine.state import cache as cache_module
from riskengine.state import codec
from riskengine.state.cache import LARGEST, Cache, guarded_by
from riskengine.state.cache_kinds import DECISION, PROFILE, SUMMARY_RECENT, Entry, Fact, Kind


class Text(msgspec.Struct, frozen=True):
    """A value."""

    text: str


CODEC = codec.of(Text)
SUMMARY = Entry(SUMMARY_RECENT, "one", guarded_by("recent"))


class Loader:
    """Loads the next of its texts whenever it is asked, and counts; waits until it may, if told to."""

    def __init__(self, may: asyncio.Event | None = None) -> None:
        self.loads = 0
        self._may = may

    async def __call__(self) -> Text:
        self.loads += 1
        number = self.loads
        if self._may is not None:
            await self._may.wait()
        return Text(f"load {number}")


def requests(kind: Kind) -> dict[str, float]:
    """What the metric says of a kind, by result."""
    results = ("hit", "miss", "joined", "error")
    labels = [{"kind": kind.name, "result": result} for result in results]
    return {one["result"]: REGISTRY.get_sample_value("riskengine_cache_requests_total", one) or 0.0 for one in labels}


async def until(condition: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.005)


async def test_of_two_hundred_that_miss_in_two_processes_one_loads(redis: Redis) -> None:
    # Given two processes with a cache each, and a value that takes its time
    may = asyncio.Event()
    loader = Loader(may)
    caches = [Cache(redis), Cache(redis)]
    before = requests(SUMMARY_RECENT)
    # When two hundred ask at once
    asked = [asyncio.create_task(caches[n % 2].entry(SUMMARY, CODEC, loader)) for n in range(200)]
    await until(lambda: redis.exists(SUMMARY.key))
    may.set()
    answers = await asyncio.gather(*asked)
    # Then it is loaded once, all have it, and the metric tells how
    assert loader.loads == 1
    assert set(answers) == {Text("load 1")}
    after = requests(SUMMARY_RECENT)
    assert after["miss"] - before["miss"] == 1
    assert sum(after.values()) - sum(before.values()) == 200
    # And it lives for its time
    assert 0 < await redis.pttl(SUMMARY.key) <= SUMMARY_RECENT.ttl_ms
    assert await caches[0].entry(SUMMARY, CODEC, loader) == Text("load 1")
    assert requests(SUMMARY_RECENT)["hit"] - after["hit"] == 1


async def test_a_loader_that_fails_or_dies_holds_up_nobody_for_long(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a loader that fails
    async def failing() -> Text:
        raise ZeroDivisionError

    loader = Loader()
    with pytest.raises(ZeroDivisionError):
        await Cache(redis).entry(SUMMARY, CODEC, failing)
    # Then the next one loads
    assert await Cache(redis).entry(SUMMARY, CODEC, loader) == Text("load 1")

    # When one dies while it loads, Then others load once its lease has ended
    await redis.delete(SUMMARY.key)
    monkeypatch.setattr(cache_module, "LEASE_MS", 200)
    back = asyncio.Event()
    dead = asyncio.create_task(Cache(redis).entry(SUMMARY, CODEC, Loader(back)))
    await until(lambda: redis.exists(SUMMARY.key))
    one, other = await asyncio.gather(*(Cache(redis).entry(SUMMARY, CODEC, loader) for _ in range(2)))
    assert one == other == Text("load 2")
    # And if it was only late, it does not overwrite what is newer
    back.set()
    assert await dead == Text("load 1")
    assert await Cache(redis).entry(SUMMARY, CODEC, loader) == Text("load 2")


async def test_a_caller_that_leaves_does_not_end_the_load_for_others(redis: Redis) -> None:
    may = asyncio.Event()
    cache, loader = Cache(redis), Loader(may)
    first = asyncio.create_task(cache.entry(SUMMARY, CODEC, loader))
    await until(lambda: redis.exists(SUMMARY.key))
    second = asyncio.create_task(cache.entry(SUMMARY, CODEC, loader))
    first.cancel()
    may.set()
    assert await second == Text("load 1")
    assert loader.loads == 1


async def test_what_is_guarded_holds_until_its_mark_moves(redis: Redis) -> None:
    cache, loader = Cache(redis), Loader()
    other = Entry(SUMMARY_RECENT, "other", guarded_by("historical"))
    assert await cache.entry(SUMMARY, CODEC, loader) == Text("load 1")
    assert await cache.entry(other, CODEC, loader) == Text("load 2")
    # When a mark is moved, also by another process
    assert await Cache(redis).move("recent")
    # Then what it guards is loaded again, and nothing else
    assert await cache.entry(SUMMARY, CODEC, loader) == Text("load 3")
    assert await cache.entry(SUMMARY, CODEC, loader) == Text("load 3")
    assert await cache.entry(other, CODEC, loader) == Text("load 2")
    # And it is not moved again at once
    assert not await cache.move("recent")
    assert await cache.move("historical")


async def test_a_change_while_a_value_is_loaded_is_not_missed(redis: Redis) -> None:
    # Given a value that is being loaded
    may = asyncio.Event()
    cache, loader = Cache(redis), Loader(may)
    loading = asyncio.create_task(cache.entry(SUMMARY, CODEC, loader))
    await until(lambda: redis.exists(SUMMARY.key))
    # When its truth changes meanwhile, Then it is not served any more
    await cache.move("recent")
    may.set()
    assert await loading == Text("load 1")
    assert await cache.entry(SUMMARY, CODEC, loader) == Text("load 2")
    # When it is forgotten while it is loaded, Then what comes of that is not cached either
    await redis.delete(SUMMARY.key)
    may.clear()
    loading = asyncio.create_task(cache.entry(SUMMARY, CODEC, loader))
    await until(lambda: redis.exists(SUMMARY.key))
    await cache.forget(SUMMARY)
    may.set()
    await loading
    assert await cache.entry(SUMMARY, CODEC, loader) == Text("load 4")


async def test_a_busy_value_is_served_for_a_moment_though_it_changed(redis: Redis) -> None:
    # Given a profile, guarded by something that changes all the time
    entry = Entry(PROFILE, "alice", ("GET", "stand"))
    cache, loader = Cache(redis), Loader()
    await redis.set("stand", b"1")
    await cache.entry(entry, CODEC, loader)
    # When it changes, Then the profile is served for some seconds more, and not longer
    await redis.set("stand", b"2")
    assert await cache.entry(entry, CODEC, loader) == Text("load 1")
    clock.step(PROFILE.settled_ms)
    try:
        assert await cache.entry(entry, CODEC, loader) == Text("load 2")
    finally:
        clock.step(-PROFILE.settled_ms)
    # And what the server has forgotten says nothing
    await redis.delete("stand")
    assert await cache.entry(entry, CODEC, loader) == Text("load 2")


async def test_facts_share_places_and_are_never_mistaken_for_each_other(redis: Redis) -> None:
    # Given two transactions whose decisions have the same place
    one = ids.new()
    other = type(one)(int=one.int ^ (1 << 40))
    facts = [Fact(DECISION, one), Fact(DECISION, other)]
    assert facts[0].key == facts[1].key
    cache, loader = Cache(redis), Loader()
    # When both are asked for in turns, Then each gets its own, and there is one key
    texts = [await cache.fact(fact, CODEC, loader) for fact in (facts[0], facts[0], facts[1], facts[0])]
    assert [one.text for one in texts] == ["load 1", "load 1", "load 2", "load 3"]
    assert 0 < await redis.pttl(facts[0].key) <= DECISION.ttl_ms


async def test_what_is_too_large_or_unreadable_is_loaded_each_time(redis: Redis) -> None:
    # Given a value that is too large
    cache = Cache(redis)

    async def large() -> Text:
        return Text("x" * LARGEST)

    fact = Fact(DECISION, ids.new())
    await cache.fact(fact, CODEC, large)
    await cache.entry(SUMMARY, CODEC, large)
    # Then nothing is kept of it
    assert not await redis.exists(fact.key)
    assert not await redis.exists(SUMMARY.key)
    # Given bytes of another version, Then they are as good as missing
    loader = Loader()
    await redis.set(fact.key, fact.transaction_id.bytes + b"\xc1")
    assert await cache.fact(fact, CODEC, loader) == Text("load 1")
    await cache.entry(SUMMARY, CODEC, loader)
    held = await redis.get(SUMMARY.key)
    await redis.set(SUMMARY.key, held[:25] + b"\xc1")
    assert await cache.entry(SUMMARY, CODEC, loader) == Text("load 3")
    for rubbish in (b"", b"v", os.urandom(40), b"v" * 16):
        await redis.set(SUMMARY.key, rubbish)
        assert (await cache.entry(SUMMARY, CODEC, loader)).text.startswith("load")


async def test_without_valkey_everybody_loads() -> None:
    # Given a server that nobody listens at
    redis = connections.connect(f"redis://127.0.0.1:{ports.free()}/0", "test")
    cache, loader = Cache(redis), Loader()
    before = requests(DECISION)
    # When values are asked for and forgotten, Then there is no error
    for number in range(1, 9):
        assert await cache.fact(Fact(DECISION, ids.new()), CODEC, loader) == Text(f"load {2 * number - 1}")
        assert await cache.entry(SUMMARY, CODEC, loader) == Text(f"load {2 * number}")
    await cache.forget(SUMMARY)
    assert requests(DECISION)["error"] - before["error"] == 8
    await redis.aclose()
