"""The queue on streams of Redis/Valkey, one for each partition."""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any

from riskengine.domain import stream_partition
from riskengine.domain.clock import HOUR, SECOND
from riskengine.domain.errors import Unavailable
from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import PART, Client, absence_as_unavailable
from riskengine.streaming import scripts, streams
from riskengine.streaming.queue import Backlog, Message, Outgoing
from riskengine.streaming.redis_stream import GROUP, RedisStream, fields_of, is_no_group
from riskengine.telemetry import tracing

POLL_EVERY = 0.020
"""Seconds between looks at several empty partitions: no command waits for them all. It costs some ms a second."""

POLL_REST = 5
"""But at least so many times as long as the look took: with hundreds of partitions, an idle process is to stay so."""

POLL_ALL_EVERY = 0.100
"""Seconds after which all partitions are read again, however much there is in one: nobody waits longer for a flood."""

LOOK_AROUND_EVERY = 3.0
"""Seconds between looks for streams of another number of partitions: sooner than the relay takes anything for lost."""

_LONG_AGO_MS = 24 * HOUR
"""How long what is handed back was not touched, as the group is told: longer than any consumer may hold messages."""

_Add = Callable[[Any, str], object]
"""Adds one command on the stream of that name to a pipeline."""


class PartitionedStream:
    """The streams of all partitions, read by the group `scoring-workers`. What is acknowledged leaves its stream.

    A single partition is read by a command that waits. Several are polled together, each for its share; those that gave
    all of it are then read one at a time, in turn, for whole batches, so that workers rarely meet on an account. No
    command has keys of two partitions: in a cluster they lie on different nodes.

    Streams that are left from another number of partitions are found, read until they are empty, and removed.
    """

    def __init__(
        self,
        redis: Client,
        partitions: int = 1,
        *,
        breaker: Breaker | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`now` gives seconds, and never goes back."""
        self._redis = redis
        self._breaker = breaker or Breaker(PART)
        self._now = now
        self._names = streams.names(partitions)
        self._partitions = [RedisStream(redis, name, self._breaker) for name in self._names]
        self._others = [name for name in streams.every() if name not in self._names]
        self._depths = dict.fromkeys(self._names, 0)
        self._ready: deque[RedisStream] = deque()
        self._cover(self._partitions)
        self._poll_by = self._look_by = float("-inf")

    async def publish(self, items: Sequence[Outgoing]) -> int:
        """As the port has it; of a partition that nothing is added to here, the depth is as it was the last time."""
        touched: dict[str, None] = {}
        with absence_as_unavailable(self._breaker), tracing.commands("XADD", len(items)):
            pipeline = self._redis.pipeline(transaction=False)
            for item in items:
                name = self._name_for(item.account_id)
                touched[name] = None
                pipeline.execute_command("XADD", name, "*", *fields_of(item))
            for name in touched:
                pipeline.execute_command("XLEN", name)
            answers = await pipeline.execute()
        self._depths.update(zip(touched, answers[len(items) :], strict=True))
        return sum(self._depths.values())

    async def read(self, consumer: str, count: int, wait_ms: int) -> list[Message]:
        await self._look_around()
        if len(self._streams) == 1:
            return await self._streams[0].read(consumer, count, wait_ms)
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_ms / SECOND
        while True:
            begun = loop.time()
            if found := await self._read_now(consumer, count):
                return found
            ended = loop.time()
            if ended >= until:
                return []
            await asyncio.sleep(min(until - ended, max(POLL_EVERY, POLL_REST * (ended - begun))))

    async def take_over(
        self, consumer: str, idle_ms: int, count: int, owners: Collection[str] | None = None
    ) -> list[Message]:
        for owner in [None] if owners is None else owners:
            looked = list(self._streams)
            answers = await self._ask(
                [stream.name for stream in looked], partial(_held, idle_ms=idle_ms, count=count, owner=owner)
            )
            for stream, held in zip(looked, answers, strict=True):
                if taken := await stream.claim(consumer, idle_ms, held or ()):
                    return taken
        return []

    async def hand_back(self, consumer: str, messages: Sequence[Message]) -> None:
        ids = _ids_by_stream(messages)
        await self._ask(
            ids,
            lambda pipeline, name: pipeline.xclaim(
                name, GROUP, consumer, 0, ids[name], idle=_LONG_AGO_MS, retrycount=0, justid=True
            ),
        )

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        with absence_as_unavailable(self._breaker), tracing.commands("XACK XDEL", len(messages)):
            pipeline = self._redis.pipeline(transaction=False)
            for name, ids in _ids_by_stream(messages).items():
                pipeline.execute_command("XACK", name, GROUP, *ids)
                pipeline.execute_command("XDEL", name, *ids)
            await pipeline.execute()

    async def depth(self) -> int:
        depths = await self._ask([stream.name for stream in self._streams], lambda pipeline, name: pipeline.xlen(name))
        self._depths.update(zip(self._names, depths, strict=False))  # the partitions come first
        return sum(map(int, depths))

    async def backlogs(self) -> list[Backlog]:
        await self._look_around()
        names = [stream.name for stream in self._streams]
        depths = await self._ask(names, lambda pipeline, name: pipeline.xlen(name))
        firsts = await self._ask(
            names, lambda pipeline, name: pipeline.execute_command("XRANGE", name, "-", "+", "COUNT", 1)
        )
        return [
            Backlog(
                stream=name,
                partition=number if number < len(self._names) else None,
                depth=int(depths[number]),
                oldest=int(firsts[number][0][0].split(b"-")[0]) if firsts[number] else None,
            )
            for number, name in enumerate(names)
        ]

    async def holders(self) -> dict[str, int]:
        names = [stream.name for stream in self._streams]
        answers = await self._ask(names, lambda pipeline, name: pipeline.xinfo_consumers(name, GROUP))
        held: Counter[str] = Counter()
        for consumer in chain.from_iterable(answer or () for answer in answers):
            held[consumer["name"].decode()] += consumer["pending"]
        return dict(held)

    async def leave(self, consumer: str) -> None:
        await self._forget(idle_ms=-1, consumer=consumer)

    async def retire(self, idle_ms: int) -> None:
        await self._forget(idle_ms=idle_ms)

    def _name_for(self, account_id: str) -> str:
        names = self._names
        return names[0] if len(names) == 1 else names[stream_partition.of(account_id, len(names))]

    async def _read_now(self, consumer: str, count: int) -> list[Message]:
        """What there is now: of one partition that has much, or else a share of each."""
        found: list[Message] = []
        if self._ready and self._now() < self._poll_by:
            stream = self._ready.popleft()
            found = await stream.read(consumer, count)
            if len(found) == count:
                self._ready.append(stream)
            if 2 * len(found) >= count:
                return found
        room, polled = count - len(found), 0
        try:
            while polled < len(self._rotation):
                if given := await self._poll(consumer, room):
                    return found + given
                polled += room
        except Unavailable:
            if not found:
                raise
        return found

    async def _poll(self, consumer: str, count: int) -> list[Message]:
        """A share of each partition; if there are more than `count`, of the next ones."""
        number = len(self._rotation)
        share = max(1, count // number)
        polled = {stream.name: stream for stream in islice(self._rotation, count)}
        self._rotation.rotate(-len(polled) if len(polled) < number else -1)
        answers = await self._ask(
            polled,
            lambda pipeline, name: pipeline.execute_command(*polled[name].read_command(consumer, share)),
            partly=True,
        )
        self._ready.clear()
        found: list[Message] = []
        for stream, answer in zip(polled.values(), answers, strict=True):
            given = await stream.read(consumer, share) if answer is None else stream.messages(answer)
            found += given
            if len(given) == share:
                self._ready.append(stream)
        self._poll_by = self._now() + POLL_ALL_EVERY
        return found

    async def _look_around(self) -> None:
        """Finds streams of another number of partitions that hold messages, and removes those that are empty."""
        if self._now() < self._look_by:
            return
        there = await self._ask(self._others, lambda pipeline, name: pipeline.exists(name))
        found = [name for name, exists in zip(self._others, there, strict=True) if exists]
        script = scripts.text("drop_if_empty")
        dropped = await self._ask(found, lambda pipeline, name: pipeline.execute_command("EVAL", script, 1, name))
        left = [name for name, gone in zip(found, dropped, strict=True) if not gone]
        if left != [stream.name for stream in self._streams[len(self._names) :]]:
            others = [RedisStream(self._redis, name, self._breaker, left=True) for name in left]
            self._cover([*self._partitions, *others])
        self._look_by = self._now() + LOOK_AROUND_EVERY

    def _cover(self, streams: Sequence[RedisStream]) -> None:
        """Reads these from now on, beginning anywhere: processes that began with the same one would meet there."""
        self._streams = list(streams)
        self._rotation = deque(self._streams)
        self._rotation.rotate(random.randrange(len(self._streams)))
        self._ready.clear()

    async def _forget(self, *, idle_ms: int, consumer: str = "") -> None:
        script = scripts.text("forget_consumers")
        await self._ask(
            [stream.name for stream in self._streams],
            lambda pipeline, name: pipeline.execute_command("EVAL", script, 1, name, GROUP, idle_ms, consumer),
        )

    async def _ask(self, names: Collection[str], add: _Add, *, partly: bool = False) -> list[Any]:
        """What the servers say of each stream, asked together; None of one that they do not know.

        With `partly` it is no error if only some can be asked, and there is something on one of these: what is
        delivered must not be lost for that. The others then have nothing.
        """
        if not names:
            return []
        with absence_as_unavailable(self._breaker):
            pipeline = self._redis.pipeline(transaction=False)
            for name in names:
                add(pipeline, name)
            answers = await pipeline.execute(raise_on_error=False)
            answers = [None if is_no_group(answer) else answer for answer in answers]
            faults = [answer for answer in answers if isinstance(answer, Exception)]
            if faults and not (partly and any(_gives(answer) for answer in answers)):
                raise faults[0]
        return [() if isinstance(answer, Exception) else answer for answer in answers]


def _gives(answer: Any) -> bool:
    """Whether there is something in it, or perhaps will be once the group is made."""
    return answer is None or bool(answer and not isinstance(answer, Exception))


def _held(pipeline: Any, name: str, *, idle_ms: int, count: int, owner: str | None) -> object:
    return pipeline.xpending_range(name, GROUP, min="-", max="+", count=count, consumername=owner, idle=idle_ms)


def _ids_by_stream(messages: Sequence[Message]) -> dict[str, list[Any]]:
    ids: dict[str, list[Any]] = {}
    for message in messages:
        ids.setdefault(message.stream, []).append(message.message_id)
    return ids
