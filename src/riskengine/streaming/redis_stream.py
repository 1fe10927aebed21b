"""The queue on a Redis/Valkey stream with a consumer group."""

from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from riskengine.domain.clock import HOUR
from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import PART, Client, absence_as_unavailable
from riskengine.streaming import scripts
from riskengine.streaming.queue import Message

STREAM = "transactions"
GROUP = "scoring-workers"

_BODY = b"d"

_LONG_AGO_MS = 24 * HOUR
"""How long what is handed back was not touched, as the group is told: longer than any consumer may hold messages."""

_NO_GROUP = ("NOGROUP", "no such key")


class RedisStream:
    """The stream `transactions`, read by the group `scoring-workers`. What is acknowledged leaves the stream."""

    def __init__(
        self, redis: Client, stream: str = STREAM, group: str = GROUP, *, breaker: Breaker | None = None
    ) -> None:
        self._redis = redis
        self._breaker = breaker or Breaker(PART)
        self._stream = stream
        self._group = group

    async def publish(self, bodies: Sequence[bytes]) -> int:
        with absence_as_unavailable(self._breaker):
            pipeline = self._redis.pipeline(transaction=False)
            for body in bodies:
                pipeline.execute_command("XADD", self._stream, "*", _BODY, body)
            pipeline.execute_command("XLEN", self._stream)
            return int((await pipeline.execute())[-1])

    async def read(self, consumer: str, count: int, wait_ms: int) -> list[Message]:
        command = (
            "XREADGROUP",
            "GROUP",
            self._group,
            consumer,
            "COUNT",
            count,
            "BLOCK",
            wait_ms,
            "STREAMS",
            self._stream,
            ">",
        )
        answer = await self._on_group(*command)
        return [message for _, entries in answer for message in _messages(entries)]

    async def take_over(self, consumer: str, idle_ms: int, count: int) -> list[Message]:
        answer = await self._on_group("XAUTOCLAIM", self._stream, self._group, consumer, idle_ms, "0-0", "COUNT", count)
        taken = _messages(answer[1])
        if not taken:
            return []
        first, last = taken[0].message_id, taken[-1].message_id
        with absence_as_unavailable(self._breaker):
            held = await self._redis.xpending_range(
                self._stream, self._group, min=first, max=last, count=len(taken), consumername=consumer
            )
        times = {one["message_id"]: int(one["times_delivered"]) for one in held}
        return [Message(m.message_id, m.body, times.get(m.message_id, 1)) for m in taken]

    async def hand_back(self, consumer: str, messages: Sequence[Message]) -> None:
        if not messages:
            return
        message_ids: list[Any] = [message.message_id for message in messages]
        with absence_as_unavailable(self._breaker):
            try:
                await self._redis.xclaim(
                    self._stream, self._group, consumer, 0, message_ids, idle=_LONG_AGO_MS, retrycount=0, justid=True
                )
            except ResponseError as error:
                if not str(error).startswith(_NO_GROUP):  # a group that is gone holds nothing
                    raise

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        message_ids = [message.message_id for message in messages]
        with absence_as_unavailable(self._breaker):
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.execute_command("XACK", self._stream, self._group, *message_ids)
            pipeline.execute_command("XDEL", self._stream, *message_ids)
            await pipeline.execute()

    async def depth(self) -> int:
        with absence_as_unavailable(self._breaker):
            return int(await self._redis.xlen(self._stream))

    async def oldest(self) -> int | None:
        with absence_as_unavailable(self._breaker):
            entries = await self._redis.execute_command("XRANGE", self._stream, "-", "+", "COUNT", 1)
        return int(entries[0][0].split(b"-")[0]) if entries else None

    async def leave(self, consumer: str) -> None:
        await self._forget(idle_ms=-1, consumer=consumer)

    async def retire(self, idle_ms: int) -> None:
        await self._forget(idle_ms=idle_ms)

    async def _forget(self, *, idle_ms: int, consumer: str = "") -> None:
        await self._on_group("EVAL", scripts.text("forget_consumers"), 1, self._stream, self._group, idle_ms, consumer)

    async def _on_group(self, *command: str | int) -> Any:
        """Runs a command that needs the group, making stream and group first where they are missing."""
        with absence_as_unavailable(self._breaker):
            try:
                return await self._redis.execute_command(*command)
            except ResponseError as error:
                if not str(error).startswith(_NO_GROUP):
                    raise
            await self._make_group()
            return await self._redis.execute_command(*command)

    async def _make_group(self) -> None:
        try:
            await self._redis.xgroup_create(self._stream, self._group, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise


def _messages(entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[Message]:
    """The entries of a stream as messages; an entry of another form has an empty body, which no decoder accepts."""
    return [Message(message_id, fields.get(_BODY, b"")) for message_id, fields in entries]
