"""One stream of Redis/Valkey with its consumer group: what concerns that stream alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from redis.exceptions import ResponseError

from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import Client, absence_as_unavailable
from riskengine.streaming.queue import Message, Outgoing
from riskengine.telemetry.origin import Origin

GROUP = "scoring-workers"

BODY = b"d"
"""The field of an entry that holds the message."""

TRACE, REQUEST = b"t", b"r"
"""The fields that hold the origin of a message that is traced; others have neither. So the message itself is the same
for workers that know nothing of traces, and they of it.
"""

_NO_GROUP = ("NOGROUP", "UNBLOCKED", "no such key")


class RedisStream:
    """A stream, read by the group `scoring-workers`. Both are made when they are missing.

    But not the stream if it is only `left` from when there was another number of partitions: then it is empty.
    """

    def __init__(self, redis: Client, name: str, breaker: Breaker, *, left: bool = False) -> None:
        self._redis = redis
        self._breaker = breaker
        self._left = left
        self.name = name

    async def read(self, consumer: str, count: int, wait_ms: int | None = None) -> list[Message]:
        """Up to `count` messages that nobody had yet, waiting at most `wait_ms` for the first if that is given."""
        command = self.read_command(consumer, count, wait_ms)
        with absence_as_unavailable(self._breaker):
            try:
                return self.messages(await self._redis.execute_command(*command))
            except ResponseError as error:
                if not is_no_group(error):
                    raise
            if not await self._make_group():
                return []
            return self.messages(await self._redis.execute_command(*command))

    async def claim(self, consumer: str, idle_ms: int, held: Iterable[Mapping[str, Any]]) -> list[Message]:
        """Those of the entries `held` (as XPENDING lists them) that are still held, idle for so long, and there."""
        tries = {entry["message_id"]: int(entry["times_delivered"]) for entry in held}
        if not tries:
            return []
        with absence_as_unavailable(self._breaker):
            try:
                taken = await self._redis.execute_command("XCLAIM", self.name, GROUP, consumer, idle_ms, *tries)
            except ResponseError as error:
                if not is_no_group(error):
                    raise
                return []
        return [
            Message(self.name, id_, fields.get(BODY, b""), tries[id_] + 1, _origin(fields))
            for id_, fields in taken
            if fields
        ]

    def read_command(self, consumer: str, count: int, wait_ms: int | None = None) -> tuple[str | int, ...]:
        """The command that reads, for `messages`."""
        wait = () if wait_ms is None else ("BLOCK", wait_ms)
        return ("XREADGROUP", "GROUP", GROUP, consumer, "COUNT", count, *wait, "STREAMS", self.name, ">")

    def messages(self, answer: Sequence[tuple[bytes, Sequence[tuple[bytes, dict[bytes, bytes]]]]]) -> list[Message]:
        """What reading gave; an entry of another form has an empty body, which no decoder accepts."""
        return [
            Message(self.name, id_, fields.get(BODY, b""), origin=_origin(fields))
            for _, entries in answer
            for id_, fields in entries
        ]

    async def _make_group(self) -> bool:
        """Makes the group, and the stream if need be; False if it needs the stream and may not make it."""
        try:
            await self._redis.xgroup_create(self.name, GROUP, id="0", mkstream=not self._left)
        except ResponseError as error:
            if self._left and "requires the key to exist" in str(error):
                return False
            if not str(error).startswith("BUSYGROUP"):
                raise
        return True


def fields_of(item: Outgoing) -> tuple[bytes, ...]:
    """The fields and values of the entry that holds it."""
    if item.origin is None:
        return (BODY, item.body)
    return (BODY, item.body, TRACE, item.origin.traceparent, REQUEST, item.origin.request_id)


def _origin(fields: Mapping[bytes, bytes]) -> Origin | None:
    trace = fields.get(TRACE)
    return None if trace is None else Origin(trace, fields.get(REQUEST, b""))


def is_no_group(error: object) -> bool:
    """Whether the server says that there is no such stream or group."""
    return isinstance(error, ResponseError) and str(error).startswith(_NO_GROUP)
