"""Putting accepted transactions on the stream, after they are durable and without making their senders wait."""

import asyncio
from collections.abc import Sequence

import structlog
from prometheus_client import Counter

from riskengine.domain.errors import Unavailable
from riskengine.domain.transaction import Transaction
from riskengine.streaming import messages
from riskengine.streaming.queue import Queue

LARGEST_GROUP = 1000
"""Messages sent at once: about a third of a megabyte."""

MOST_WAITING = 20_000
"""Messages kept while the queue does not answer (about 6 MB). The rest is left to the relay: it is in `pending`."""

_published = Counter("riskengine_published_total", "Transactions put on the stream when they were accepted")
_left_to_relay = Counter(
    "riskengine_left_to_relay_total", "Accepted transactions that could not be put on the stream at once"
)
_log = structlog.get_logger()


class Publisher:
    """Publishes in the background, in groups. What it cannot publish is not lost: the relay finds it in `pending`."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._waiting: list[bytes] = []
        self._publishing: asyncio.Task[None] | None = None

    def publish(self, transactions: Sequence[Transaction]) -> None:
        """Hands over transactions that are stored and pending."""
        room = MOST_WAITING - len(self._waiting)
        _left_to_relay.inc(max(0, len(transactions) - room))
        self._waiting.extend(map(messages.encode, transactions[: max(0, room)]))
        if self._publishing is None:
            self._publishing = asyncio.create_task(self._publish_all())

    async def drain(self) -> None:
        """Returns when nothing waits to be published any more."""
        if self._publishing is not None:
            await asyncio.wait([self._publishing])

    async def _publish_all(self) -> None:
        try:
            while self._waiting:
                group = self._waiting[:LARGEST_GROUP]
                del self._waiting[:LARGEST_GROUP]
                await self._queue.publish(group)
                _published.inc(len(group))
        except Unavailable as error:
            left = len(group) + len(self._waiting)
            self._waiting.clear()
            _left_to_relay.inc(left)
            _log.warning("publish_failed", part=error.part, left_to_relay=left)
        finally:
            self._publishing = None
