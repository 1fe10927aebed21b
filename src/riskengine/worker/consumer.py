"""A consumer: takes messages from the queue, has them decided, and acknowledges what is settled."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, repeat
from typing import TypeVar

import structlog
from prometheus_client import Counter, Histogram

from riskengine.domain import clock
from riskengine.domain.dead_letter import Failure
from riskengine.domain.errors import ConfigurationError, Overloaded, RiskEngineError, Unavailable
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.failing import Failing
from riskengine.pipeline.latency import Latency
from riskengine.pipeline.stages import stage
from riskengine.resilience import failpoints
from riskengine.streaming.queue import Message, Queue
from riskengine.telemetry import tracing
from riskengine.telemetry.arrival import Arrival
from riskengine.telemetry.span import Span
from riskengine.worker import deliveries
from riskengine.worker.crew import Crew
from riskengine.worker.deliveries import Delivery

ALONE_AFTER = 2
"""Deliveries after which a message is worked on alone, so that neighbours no longer share its fate."""

READ_WAIT_MS = 1_000
"""How long a read waits for messages: also how long a stopping worker may take to notice."""

_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds between tries while PostgreSQL or Redis is away; the last one repeats."""

_batch_size = Histogram("riskengine_batch_size", "Messages in a batch", buckets=(1, 2, 5, 10, 25, 50, 100, 250, 1000))
_queued = Histogram(
    "riskengine_queue_wait_seconds",
    "Seconds that the oldest message of a batch was in the queue before it was read",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0, 600.0),
)
_acknowledging = stage("acknowledge")
_latency = Latency("queue")
_pauses = Counter("riskengine_pauses_total", "Times a consumer paused because a part was away", ["part"])
_log = structlog.get_logger()

_NOBODYS_FAULT = (Unavailable, Overloaded, ConfigurationError)
"""What is not the fault of a message: it costs no tries, however long it lasts."""

Result = TypeVar("Result")


class Consumer:
    """One of a worker's consumers. A message is acknowledged only after what replaces it is in PostgreSQL."""

    def __init__(
        self, name: str, queue: Queue, decider: Decider, failing: Failing, crew: Crew, *, batch_size: int
    ) -> None:
        self._name = name
        self._queue = queue
        self._decider = decider
        self._failing = failing
        self._claims = crew.claims
        self._turns = crew.turns
        self._stopping = crew.stopping
        self._batch_size = batch_size
        self._in_hand: dict[tuple[str, bytes], Message] = {}

    async def run(self) -> None:
        """Works on new messages until told to stop."""
        while not self._stopping.is_set():
            messages = await self._patiently(partial(self._turns.read, self._next))
            if messages:
                published_at = min(message.published_at for message in messages)
                _queued.observe(max(0, clock.now_ms() - published_at) / clock.SECOND)
                await self.work(messages)

    async def take_over(self, idle_ms: int, owners: Collection[str] | None = None) -> None:
        """Works on what dead consumers left behind: messages unacknowledged for `idle_ms`. Raises Unavailable.

        With `owners`, only on theirs. What was delivered several times is worked on alone: perhaps it is what they died
        of.
        """
        while messages := await self._queue.take_over(self._name, idle_ms, self._batch_size, owners):
            _log.info("messages_taken_over", consumer=self._name, count=len(messages))
            suspects = [message for message in messages if message.deliveries > ALONE_AFTER]
            others = [message for message in messages if message.deliveries <= ALONE_AFTER]
            self._in_hand |= {message.place: message for message in messages}
            for together in (others, *([suspect] for suspect in suspects)):
                if together and not await self.work(together):
                    return

    async def work(self, messages: Sequence[Message]) -> bool:
        """Has the messages settled and acknowledges them; False if told to stop before all were."""
        _batch_size.observe(len(messages))
        self._in_hand |= {message.place: message for message in messages}
        failpoints.reach("consume.read")
        sorted_out = deliveries.sort_out(messages)
        if sorted_out.hopeless and not await self._give_up(sorted_out.hopeless):
            return False
        waiting: Sequence[Delivery] = sorted_out.deliveries
        while waiting:
            claimed = self._claims.claim(waiting)
            if not claimed:
                await self._claims.released()
                continue
            try:
                with _traced(claimed):
                    settled = await self._patiently(partial(self._settle, claimed))
            finally:
                self._claims.release(claimed)
            if not settled:
                return False
            accounts = {delivery.account_id for delivery in claimed}
            waiting = [delivery for delivery in waiting if delivery.account_id not in accounts]
        return True

    async def leave(self) -> None:
        """Lets others have at once what is still in hand, and leaves the group if nothing is."""
        with suppress(Unavailable):
            await self._queue.hand_back(self._name, list(self._in_hand.values()))
            await self._queue.leave(self._name)

    async def _next(self) -> list[Message]:
        if self._stopping.is_set():
            return []
        return await self._queue.read(self._name, self._batch_size, READ_WAIT_MS)

    async def _give_up(self, hopeless: Sequence[Failure]) -> bool:
        """Buries, in the traces that the messages are part of; False if told to stop before that was done."""
        came = [self._in_hand[_place(failure)].origin for failure in hopeless]
        arrivals = [Arrival(o, failure.transaction_id) for o, failure in zip(came, hopeless, strict=True) if o]
        with tracing.processing(arrivals, len(hopeless)):
            return await self._patiently(partial(self._bury, hopeless)) is not None

    async def _bury(self, hopeless: Sequence[Failure]) -> bool:
        """Makes dead letters of what can never be decided, and acknowledges it."""
        await self._failing.bury(hopeless)
        await self._acknowledge([_place(failure) for failure in hopeless])
        return True

    async def _settle(self, batch: Sequence[Delivery]) -> bool:
        """Decides, notes what failed, and then acknowledges both."""
        failures = await self._decide(batch)
        if failures:
            await self._failing.note(list({failure.transaction_id: failure for failure in failures}.values()))
        await self._acknowledge([one.message.place for one in batch])
        return True

    async def _decide(self, batch: Sequence[Delivery]) -> list[Failure]:
        """Decides what can be, and says what could not. What fails as a whole is decided one by one.

        Raises what is nobody's fault: Unavailable, Overloaded, ConfigurationError.
        """
        try:
            done = await self._decider.decide([one.transaction for one in batch])
        except _NOBODYS_FAULT:
            raise
        except Exception as error:
            if len(batch) > 1:
                return [failure for one in batch for failure in await self._decide([one])]
            _log.exception("transaction_undecidable", transaction_id=str(batch[0].transaction.transaction_id))
            return [batch[0].failed(error)]
        _latency.note(done.decisions.values())
        faults = done.undecidable
        return [one.failed(faults[key]) for one in batch if (key := one.transaction.transaction_id) in faults]

    async def _acknowledge(self, places: Sequence[tuple[str, bytes]]) -> None:
        with _acknowledging.time():
            await self._queue.acknowledge([self._in_hand[place] for place in places])
        failpoints.reach("consume.acknowledged")
        for place in places:
            del self._in_hand[place]

    async def _patiently(self, step: Callable[[], Awaitable[Result]]) -> Result | None:
        """The step's result, tried again for as long as a part is away; None if told to stop meanwhile."""
        for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
            try:
                return await step()
            except _NOBODYS_FAULT as error:
                part = _part(error)
                _pauses.labels(part).inc()
                _log.warning("consumer_paused", consumer=self._name, part=part, seconds=pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
                return None
        raise AssertionError("the pauses never end")


def _place(failure: Failure) -> tuple[str, bytes]:
    return failure.stream, failure.message_id.encode()


def _traced(batch: Sequence[Delivery]) -> Span:
    """The steps of the traces that messages of the batch are part of."""
    arrivals = [
        Arrival(origin, one.transaction.transaction_id) for one in batch if (origin := one.message.origin) is not None
    ]
    return tracing.processing(arrivals, len(batch))


def _part(error: RiskEngineError) -> str:
    match error:
        case Unavailable():
            return error.part
        case Overloaded():
            return "contention"
        case _:
            return "configuration"
