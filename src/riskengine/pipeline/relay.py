"""The relay: publishes again what is pending and on no stream, so that a crash or a lost Redis only delays."""

import structlog
from prometheus_client import Counter

from riskengine.domain import clock
from riskengine.storage import transactions
from riskengine.storage.database import Database
from riskengine.streaming import messages
from riskengine.streaming.queue import Queue

MOST_AT_ONCE = 1000
"""Transactions published in one go: about a third of a megabyte."""

_relayed = Counter("riskengine_relayed_total", "Pending transactions that were put on the stream again")
_log = structlog.get_logger()


class Relay:
    """Finds pending transactions that the stream no longer holds, and publishes them.

    Entries leave a stream only when they are acknowledged, and stand in it in the order of their publication. So what
    was published before the oldest entry, and is still pending, is in it no more. What is in it is left alone, however
    long the backlog: it must not be multiplied. `after_ms` allows for the way from commit to stream, and for clocks
    that differ.
    """

    def __init__(self, database: Database, queue: Queue, *, after_ms: int) -> None:
        self._database = database
        self._queue = queue
        self._after_ms = after_ms

    async def run_once(self) -> int:
        """Publishes what is due, up to MOST_AT_ONCE, and says how many. Raises Unavailable. Several may run at once."""
        oldest = await self._queue.oldest()
        now = clock.now_ms()
        before = clock.to_datetime(min(now, now if oldest is None else oldest) - self._after_ms)
        rows = await self._database.fetch("relay_due", before, MOST_AT_ONCE)
        if rows:
            await self._queue.publish([messages.encode(transactions.from_row(row)) for row in rows])
            _relayed.inc(len(rows))
            _log.info("transactions_relayed", count=len(rows))
        return len(rows)
