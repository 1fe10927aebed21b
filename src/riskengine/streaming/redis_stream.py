"""The queue on a Redis/Valkey stream with a consumer group."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import PART, absence_as_unavailable
from riskengine.streaming.queue import Message

STREAM = "transactions"
GROUP = "scoring-workers"

_BODY = b"d"
_NO_GROUP = ("NOGROUP", "no such key")


class RedisStream:
    """The stream `transactions`, read by the group `scoring-workers`. What is acknowledged leaves the stream."""

    def __init__(
        self, redis: Redis, stream: str = STREAM, group: str = GROUP, *, breaker: Breaker | None = None
    ) -> None:
        self._redis = redis
        self._breaker = breaker or Breaker(PART)
        self._stream = stream
        self._group = group

    async def publish(self, bodies: Sequence[bytes]) -> None:
        with absence_as_unavailable(self._breaker):
            pipeline = self._redis.pipeline(transaction=False)
            for body in bodies:
                pipeline.execute_command("XADD", self._stream, "*", _BODY, body)
            await pipeline.execute()

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
        return _messages(answer[1])

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
        await self._on_group("XGROUP DELCONSUMER", self._stream, self._group, consumer)

    async def retire(self, idle_ms: int) -> None:
        for consumer in await self._on_group("XINFO CONSUMERS", self._stream, self._group):
            if consumer["pending"] == 0 and consumer["idle"] > idle_ms:
                await self.leave(consumer["name"])

    async def _on_group(self, *command: object) -> Any:
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
