"""The relay: publishes again what is pending and on no stream, so that a crash or a lost Redis only delays."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from prometheus_client import Counter

from riskengine.domain import clock
from riskengine.domain.errors import Unavailable
from riskengine.domain.transaction import Transaction
from riskengine.pipeline.sending import send
from riskengine.resilience import failpoints
from riskengine.state.origins import Origins
from riskengine.storage import transactions
from riskengine.storage.database import Database
from riskengine.streaming import messages
from riskengine.streaming.queue import Backlog, Queue
from riskengine.telemetry import tracing
from riskengine.telemetry.origin import Origin

MOST_AT_ONCE = 1000
"""Transactions published in one go: about a third of a megabyte."""

MOST_LOOKED_AT = 20_000
"""Pending transactions that are looked at in one go, 10 to 20 ms of PostgreSQL: of a longer backlog the oldest ones."""

_LOST, _RETRIES = 0x7269736C, 0x7269736D
"""Advisory locks of PostgreSQL ("risl", "rism"): one relay at a time looks for either."""

_relayed = Counter("riskengine_relayed_total", "Pending transactions that were put on the stream again", ["why"])
_relayed_lost, _relayed_retry = (_relayed.labels(why) for why in ("lost", "retry"))
_log = structlog.get_logger()


class Relay:
    """Finds pending transactions that no stream holds, and publishes them. Several may run at once.

    Entries leave a stream only when they are acknowledged, and stand in it in the order of their publication. So what
    was published before the oldest entry of its partition, and is still pending, is in it no more. What is in it is
    left alone, however long the backlog: it must not be multiplied. `after_ms` allows for the way from commit to
    stream, and for the clocks of PostgreSQL and Redis. The streams together are never filled beyond `limit` messages:
    PostgreSQL has room. With `origins`, what is tried again goes on in the trace in which it failed.
    """

    def __init__(
        self, database: Database, queue: Queue, *, after_ms: int, limit: int, origins: Origins | None = None
    ) -> None:
        self._database = database
        self._queue = queue
        self._allowance = timedelta(milliseconds=after_ms)
        self._limit = limit
        self._origins = origins

    async def bring_back_lost(self) -> int:
        """Publishes what no stream holds any more, up to MOST_AT_ONCE, and says how many. Raises Unavailable."""
        backlogs = await self._queue.backlogs()
        depth = sum(backlog.depth for backlog in backlogs)
        if (room := min(MOST_AT_ONCE, self._limit - depth)) <= 0:
            return 0
        began = _oldest_by_partition(backlogs)
        rows = await self._database.fetch("relay_lost", began, self._allowance, room, _LOST, MOST_LOOKED_AT)
        if rows:
            _relayed_lost.inc(len(rows))
            await self._publish([transactions.from_row(row) for row in rows], {})
            _log.info("transactions_relayed", count=len(rows))
        return len(rows)

    async def bring_back_retries(self) -> int:
        """Publishes what failed and is to be tried again now, up to MOST_AT_ONCE, and says how many.

        Raises Unavailable. What cannot be published is lost to the stream then, and brought back as such.
        """
        rows = await self._database.fetch("relay_retries", MOST_AT_ONCE, _RETRIES)
        if rows:
            _relayed_retry.inc(len(rows))
            due = [transactions.from_row(row) for row in rows]
            await self._publish(due, await self._origins_of(due))
            _log.info("retries_relayed", count=len(rows))
        return len(rows)

    async def _origins_of(self, due: Sequence[Transaction]) -> dict[UUID, Origin]:
        """Where those come from that are traced, as far as that is known."""
        if self._origins is not None and tracing.on():
            with suppress(Unavailable):
                return await self._origins.find([transaction.transaction_id for transaction in due])
        return {}

    async def _publish(self, waiting: Sequence[Transaction], origins: Mapping[UUID, Origin]) -> None:
        failpoints.reach("relay.marked")
        await send(self._queue, [messages.outgoing(t, origins.get(t.transaction_id)) for t in waiting])
        failpoints.reach("relay.published")


def _oldest_by_partition(backlogs: Sequence[Backlog]) -> list[datetime | None]:
    """When the oldest message was published that may be of the partition: any may be on a stream of another number."""
    others = [backlog.oldest for backlog in backlogs if backlog.partition is None]
    found = [
        [oldest for oldest in (backlog.oldest, *others) if oldest is not None]
        for backlog in backlogs
        if backlog.partition is not None
    ]
    return [clock.to_datetime(min(times)) if times else None for times in found]
