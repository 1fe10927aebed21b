"""A consumer: takes messages from the queue, has them decided, and acknowledges what is settled."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, repeat
from typing import TypeVar

import msgspec
import structlog
from prometheus_client import Counter, Histogram

from riskengine.domain import clock, ids
from riskengine.domain.errors import Malformed, Overloaded, Unavailable
from riskengine.domain.transaction import Transaction
from riskengine.pipeline.decide import Decider
from riskengine.streaming import messages as codec
from riskengine.streaming.queue import Message, Queue
from riskengine.worker.crew import Crew

READ_WAIT_MS = 1_000
"""How long a read waits for messages: also how long a stopping worker may take to notice."""

_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds between tries while PostgreSQL or Redis is away; the last one repeats."""

_batch_size = Histogram("riskengine_batch_size", "Messages in a batch", buckets=(1, 2, 5, 10, 25, 50, 100, 250, 1000))
_latency = Histogram(
    "riskengine_decision_latency_seconds",
    "Seconds from a transaction's acceptance to its decision in PostgreSQL",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0),
)
_unreadable = Counter("riskengine_unreadable_total", "Messages that are no transaction this version can read")
_pauses = Counter("riskengine_pauses_total", "Times a consumer paused because a part was away", ["part"])
_log = structlog.get_logger()

Result = TypeVar("Result")


class _Delivery(msgspec.Struct, frozen=True, gc=False):
    message: Message
    transaction: Transaction

    @property
    def account_id(self) -> str:
        return self.transaction.account_id


class Consumer:
    """One of a worker's consumers. A message is acknowledged only after its decision is in PostgreSQL."""

    def __init__(self, name: str, queue: Queue, decider: Decider, crew: Crew, *, batch_size: int) -> None:
        self._name = name
        self._queue = queue
        self._decider = decider
        self._claims = crew.claims
        self._turns = crew.turns
        self._stopping = crew.stopping
        self._batch_size = batch_size

    async def run(self) -> None:
        """Works on new messages until told to stop, and then leaves the group."""
        while not self._stopping.is_set():
            messages = await self._patiently(partial(self._turns.read, self._next))
            if messages and not await self.work(messages):
                return  # the messages in hand stay this consumer's, until another worker takes them over
        with suppress(Unavailable):
            await self._queue.leave(self._name)

    async def take_over(self, idle_ms: int) -> None:
        """Works on what dead consumers left behind: messages unacknowledged for `idle_ms`. Raises Unavailable."""
        while messages := await self._queue.take_over(self._name, idle_ms, self._batch_size):
            _log.info("messages_taken_over", consumer=self._name, count=len(messages))
            if not await self.work(messages):
                return

    async def work(self, messages: Sequence[Message]) -> bool:
        """Has the messages decided and acknowledges them; False if told to stop before all were."""
        _batch_size.observe(len(messages))
        waiting = await self._read(messages)
        while waiting:
            claimed = self._claims.claim(waiting)
            if not claimed:
                await self._claims.released()
                continue
            try:
                settled = await self._patiently(partial(self._settle, claimed))
            finally:
                self._claims.release(claimed)
            if settled is None:
                return False
            accounts = {delivery.account_id for delivery in claimed}
            waiting = [delivery for delivery in waiting if delivery.account_id not in accounts]
        return True

    async def _next(self) -> list[Message]:
        if self._stopping.is_set():
            return []
        return await self._queue.read(self._name, self._batch_size, READ_WAIT_MS)

    async def _read(self, messages: Sequence[Message]) -> list[_Delivery]:
        """The transactions in the messages. What is none is acknowledged: what counts is in `pending`."""
        deliveries: list[_Delivery] = []
        unreadable: list[Message] = []
        for message in messages:
            try:
                deliveries.append(_Delivery(message, codec.decode(message.body)))
            except Malformed as error:
                unreadable.append(message)
                _log.error("message_unreadable", message_id=message.message_id.decode(), reason=str(error))
        if unreadable:
            _unreadable.inc(len(unreadable))
            await self._patiently(partial(self._queue.acknowledge, unreadable))
        return deliveries

    async def _settle(self, deliveries: Sequence[_Delivery]) -> bool:
        """Decides and acknowledges. What scoring cannot take is, too: it is pending, and the relay brings it again."""
        done = await self._decider.decide([delivery.transaction for delivery in deliveries])
        for decision in done.decisions.values():
            created_at = ids.created_at_ms(decision.verdict.transaction_id)
            _latency.observe(max(0, decision.decided_at - created_at) / clock.SECOND)
        await self._queue.acknowledge([delivery.message for delivery in deliveries])
        return True

    async def _patiently(self, step: Callable[[], Awaitable[Result]]) -> Result | None:
        """The step's result, tried again for as long as a part is away; None if told to stop meanwhile."""
        for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
            try:
                return await step()
            except (Unavailable, Overloaded) as error:
                part = error.part if isinstance(error, Unavailable) else "contention"
                _pauses.labels(part).inc()
                _log.warning("consumer_paused", consumer=self._name, part=part, seconds=pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
                return None
        raise AssertionError("the pauses never end")
