"""The cache in Valkey: of many that miss a value one loads it, and while Valkey is away all load for themselves."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec
from prometheus_client import Counter

from riskengine.domain import clock
from riskengine.domain.errors import Unavailable
from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import PART, Client
from riskengine.state import commands, scripts
from riskengine.state.cache_kinds import Entry, Fact, Kind
from riskengine.state.codec import Codec

LARGEST = 64 << 10
"""Bytes of a value: larger ones are not cached, so that a few cannot take the place of thousands."""

LEASE_MS = 5_000
"""How long one may load while others wait for it: longer than our queries take. If it dies, they load after that."""

MOST_CONNECTIONS = 16
"""Connections to Valkey over which a process asks the cache at most: any number of requests may want something."""

LOOK_EVERY = 0.02
"""Seconds between looks for what another process loads: about as long as it takes."""

MOVE_EVERY_MS = 60_000
"""How often a mark is moved at most. Each move costs every value that it guards a miss."""

Value = TypeVar("Value")
Load = Callable[[], Awaitable[Value]]

_MARK_MS = clock.DAY
_STAMP = 16
_LEASE, _VALUE = b"l", b"v"
_requests = Counter("riskengine_cache_requests_total", "Values that the cache was asked for", ["kind", "result"])


class _Seen(msgspec.Struct, frozen=True, gc=False):
    """What was found under a key: the first bytes, the answer of the guard, and a value if there is one that holds."""

    head: bytes
    guard: bytes
    body: bytes | None

    @property
    def leased(self) -> bool:
        return self.head.startswith(_LEASE)


class _Turn(msgspec.Struct, Generic[Value], frozen=True):
    """What came of waiting: a lease to load under, the value that another loaded, or neither."""

    guard: bytes
    lease: bytes | None = None
    value: Value | None = None


class Cache:
    """Values by kind. What is in it can be had otherwise, and whoever asks does not notice when it is away."""

    def __init__(self, redis: Client, *, breaker: Breaker | None = None) -> None:
        self._redis = redis
        self._breaker = breaker or Breaker(PART)
        self._flights: dict[str, asyncio.Task[Any]] = {}
        self._places = asyncio.Semaphore(MOST_CONNECTIONS)

    async def fact(self, fact: Fact, codec: Codec[Value], load: Load[Value]) -> Value:
        """What never changes: from the cache, or loaded and then cached."""
        head = fact.transaction_id.bytes
        try:
            [raw] = await self._run([("GET", fact.key)])
        except Unavailable:
            return await self._alone(fact.kind, f"{fact.key}:{fact.transaction_id}", load)
        if raw is not None and raw.startswith(head) and (value := codec.decode(raw[_STAMP:])) is not None:
            _count(fact.kind, "hit")
            return value
        load_it = partial(self._load_fact, fact, codec, load)
        return await self._together(fact.kind, f"{fact.key}:{fact.transaction_id}", load_it)

    async def entry(self, entry: Entry, codec: Codec[Value], load: Load[Value]) -> Value:
        """What changes: from the cache while it holds, or else loaded, by one of all who miss it in all processes."""
        try:
            seen = await self._look(entry)
        except Unavailable:
            return await self._alone(entry.kind, entry.key, load)
        if (value := _decoded(codec, seen)) is not None:
            _count(entry.kind, "hit")
            return value
        return await self._together(entry.kind, entry.key, partial(self._fill, entry, codec, load, seen))

    async def forget(self, entry: Entry) -> None:
        """Drops a value whose truth has changed. What is being loaded now is not cached either."""
        self._flights.pop(entry.key, None)
        with suppress(Unavailable):
            await self._run([("DEL", entry.key)])

    async def move(self, mark: str) -> bool:
        """Moves a mark, so that what it guards holds no more. False if it was moved a short while ago: try again later.

        Raises Unavailable.
        """
        [may] = await self._run([("SET", f"cache:moving:{mark}", 1, "NX", "PX", MOVE_EVERY_MS)])
        if may is not None:
            await self._run([("SET", _mark(mark), os.urandom(8), "PX", _MARK_MS)])
        return may is not None

    async def _together(self, kind: Kind, key: str, load: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        """What one of all loads who want it in this process. A caller that goes does not end it for the others."""
        flight = self._flights.get(key)
        if flight is not None:
            _count(kind, "joined")
        else:
            flight = self._flights[key] = asyncio.create_task(load())
            flight.add_done_callback(partial(self._landed, key))
        value: Value = await asyncio.shield(flight)
        return value

    def _landed(self, key: str, flight: asyncio.Task[Any]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # whoever still waits for it hears of it; nobody may

    async def _alone(self, kind: Kind, key: str, load: Load[Value]) -> Value:
        """What is loaded while Valkey is away."""

        async def loading() -> Value:
            _count(kind, "error")
            return await load()

        return await self._together(kind, key, loading)

    async def _load_fact(self, fact: Fact, codec: Codec[Value], load: Load[Value]) -> Value:
        _count(fact.kind, "miss")
        value = await load()
        body = codec.encode(value)
        if body is not None and len(body) <= LARGEST:
            with suppress(Unavailable):
                await self._run([facts_written(fact.kind, [(fact, body)])])
        return value

    async def _fill(self, entry: Entry, codec: Codec[Value], load: Load[Value], seen: _Seen) -> Value:
        """Loads the value, or waits for who does. A loader that died holds its lease no longer than LEASE_MS."""
        try:
            turn = await self._turn(entry, codec, seen)
        except Unavailable:
            turn = _Turn(seen.guard)
        if turn.value is not None:
            _count(entry.kind, "joined")
            return turn.value
        _count(entry.kind, "miss")
        if turn.lease is None:
            return await load()
        return await self._lead(entry, codec, load, turn.guard, turn.lease)

    async def _turn(self, entry: Entry, codec: Codec[Value], seen: _Seen) -> "_Turn[Value]":
        """Waits for the lease, or for the value that another loads; for both no longer than two of them last."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 2 * LEASE_MS / clock.SECOND
        while True:
            lease = _LEASE + os.urandom(_STAMP - 1)
            if not seen.leased and await self._swap(entry, seen.head, lease, LEASE_MS):
                return _Turn(seen.guard, lease)
            if loop.time() > deadline:
                return _Turn(seen.guard)
            await asyncio.sleep(LOOK_EVERY)
            seen = await self._look(entry)
            if (value := _decoded(codec, seen)) is not None:
                return _Turn(seen.guard, value=value)

    async def _lead(self, entry: Entry, codec: Codec[Value], load: Load[Value], guard: bytes, lease: bytes) -> Value:
        """Loads the value for all who wait, and puts it in the place of the lease, if that is still there."""
        framed = b""
        try:
            value = await load()
            body = codec.encode(value)
            if body is not None and len(body) <= LARGEST:
                stamp = _VALUE + os.urandom(_STAMP - 1)
                framed = b"".join((stamp, clock.now_ms().to_bytes(8, "big"), bytes((len(guard),)), guard, body))
        finally:
            with suppress(Unavailable):
                await self._swap(entry, lease, framed, entry.kind.ttl_ms)
        return value

    async def _look(self, entry: Entry) -> _Seen:
        raw, answer = await self._run([("GET", entry.key), entry.guard])
        head, guard = (raw or b"")[:_STAMP], answer or b""
        body = _held(entry.kind, raw, guard) if head.startswith(_VALUE) else None
        return _Seen(head, guard, body)

    async def _swap(self, entry: Entry, head: bytes, new: bytes, ttl_ms: int) -> bool:
        [done] = await self._run([scripts.call("swap_cached", [entry.key], head, new, ttl_ms)])
        return bool(done)

    async def _run(self, sent: Sequence[commands.Command]) -> list[Any]:
        async with self._places:
            return await commands.run(self._redis, self._breaker, sent)


def facts_written(kind: Kind, facts: Sequence[tuple[Fact, bytes]]) -> commands.Command:
    """The command that caches facts of one group."""
    values = [fact.transaction_id.bytes + body for fact, body in facts]
    return scripts.call("write_cached", [fact.key for fact, _ in facts], kind.ttl_ms, *values)


def guarded_by(mark: str) -> commands.Command:
    """The guard of what holds until a mark is moved."""
    return ("GET", _mark(mark))


def _mark(name: str) -> str:
    return f"cache:moved:{name}"


def _held(kind: Kind, raw: bytes, guard: bytes) -> bytes | None:
    """The body of a value, if it holds: its guard says what it said, or nothing, or the value is new enough anyway."""
    start = _STAMP + 9
    if len(raw) < start:
        return None
    end = start + raw[start - 1]
    age = clock.now_ms() - int.from_bytes(raw[_STAMP : _STAMP + 8], "big")
    holds = not guard or raw[start:end] == guard or 0 <= age < kind.settled_ms
    return raw[end:] if holds else None


def _decoded(codec: Codec[Value], seen: _Seen) -> Value | None:
    return None if seen.body is None else codec.decode(seen.body)


def _count(kind: Kind, result: str) -> None:
    _requests.labels(kind.name, result).inc()
