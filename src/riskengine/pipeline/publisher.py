"""Putting accepted transactions on the stream, after they are durable and without making their senders wait."""

import asyncio
from collections.abc import Sequence
from contextvars import Context

import structlog
from prometheus_client import Counter, Histogram

from riskengine.domain.errors import Unavailable
from riskengine.domain.transaction import Transaction
from riskengine.pipeline.sending import send
from riskengine.resilience import failpoints
from riskengine.streaming import messages
from riskengine.streaming.queue import Outgoing, Queue
from riskengine.telemetry import tracing

LARGEST_GROUP = 1000
"""Messages sent at once: about a third of a megabyte."""

MOST_WAITING = 20_000
"""Messages kept while the queue does not answer (about 6 MB). The rest is left to the relay: it is in `pending`."""

_published = Counter("riskengine_published_total", "Transactions put on the stream when they were accepted")
_left_to_relay = Counter(
    "riskengine_left_to_relay_total", "Accepted transactions that could not be put on the stream at once", ["why"]
)
_publishing = Histogram(
    "riskengine_publish_seconds",
    "Seconds that putting a group of accepted transactions on the stream took",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
)
_log = structlog.get_logger()


class Publisher:
    """Publishes in the background, in groups. What it cannot publish is not lost: the relay finds it in `pending`.

    A queue of `limit` messages is full: then nothing is added until workers have made room.
    """

    def __init__(self, queue: Queue, *, limit: int) -> None:
        self._queue = queue
        self._limit = limit
        self._full = False
        self._waiting: list[Outgoing] = []
        self._publishing: asyncio.Task[None] | None = None

    def publish(self, transactions: Sequence[Transaction]) -> None:
        """Hands over transactions that are stored and pending."""
        room = max(0, MOST_WAITING - len(self._waiting))
        if len(transactions) > room:
            _left_to_relay.labels("slow").inc(len(transactions) - room)
        self._waiting.extend(messages.outgoing(t, tracing.origin_of(t.transaction_id)) for t in transactions[:room])
        if self._publishing is None:  # in a context of its own: it goes on with what others hand over
            self._publishing = asyncio.create_task(self._publish_all(), context=Context())

    async def drain(self) -> None:
        """Returns when nothing waits to be published any more."""
        if self._publishing is not None:
            await asyncio.wait([self._publishing])

    async def _publish_all(self) -> None:
        try:
            while self._waiting:
                if self._full and await self._queue.depth() >= self._limit:
                    self._leave("full")
                    return
                group = self._waiting[:LARGEST_GROUP]
                failpoints.reach("publish.begun")
                with _publishing.time():
                    self._full = await send(self._queue, group) >= self._limit
                failpoints.reach("publish.done")
                del self._waiting[: len(group)]
                _published.inc(len(group))
        except Unavailable:
            self._leave("away")
        finally:
            self._publishing = None

    def _leave(self, why: str) -> None:
        """Leaves all that waits to the relay."""
        _left_to_relay.labels(why).inc(len(self._waiting))
        _log.warning("publish_failed", why=why, left_to_relay=len(self._waiting))
        self._waiting.clear()
