"""What a worker looks at for the metrics alone: the queue, PostgreSQL's connections, the processes, the months to come.

It is the same for all of the engine, so every worker tells the same. What cannot be looked at now is NaN: nobody knows.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import get_args

from prometheus_client import Gauge

from riskengine.domain import clock
from riskengine.domain.errors import Unavailable
from riskengine.storage import connections, partitions, processes
from riskengine.storage.database import Database
from riskengine.streaming.queue import Queue
from riskengine.telemetry.process import Role

_depth = Gauge("riskengine_queue_depth", "Messages in the queue, delivered or not")
_lag = Gauge("riskengine_queue_lag_seconds", "Seconds since the oldest message in the queue was published")
_used = Gauge("riskengine_postgresql_connections", "Connections that PostgreSQL has, whoever's they are")
_most = Gauge("riskengine_postgresql_connections_most", "Connections that PostgreSQL gives at most")
_months = Gauge("riskengine_months_ahead", "Months after this one that have their partitions")
_living = Gauge("riskengine_processes", "Processes that live, by what they say themselves", ["role"])
_by_role = {role: _living.labels(role) for role in get_args(Role)}


class Survey:
    """Looks, and has the metrics tell. Both looks raise Unavailable."""

    def __init__(self, database: Database, queue: Queue) -> None:
        self._database = database
        self._queue = queue
        for gauge in (_depth, _lag, _used, _most, _months, *_by_role.values()):
            gauge.set(math.nan)

    async def queue(self) -> None:
        """What is in the queue."""
        with _unknown_without([_depth, _lag]):
            backlogs = await self._queue.backlogs()
        _depth.set(sum(backlog.depth for backlog in backlogs))
        oldest = [backlog.oldest for backlog in backlogs if backlog.oldest is not None]
        _lag.set(max(0, clock.now_ms() - min(oldest)) / clock.SECOND if oldest else 0.0)

    async def database(self) -> None:
        """PostgreSQL's connections, and what it says of the processes and of the months to come."""
        with _unknown_without([_used, _most, _months, *_by_role.values()]):
            use = await connections.use(self._database)
            roles = [report.role for report in await processes.living(self._database)]
            months = await partitions.ahead(self._database, clock.now_ms())
        _used.set(use.used)
        _most.set(use.most)
        _months.set(months)
        for role, gauge in _by_role.items():
            gauge.set(roles.count(role))


@contextmanager
def _unknown_without(gauges: Sequence[Gauge]) -> Iterator[None]:
    """What these told before is not so any more, if the block cannot look."""
    try:
        yield
    except Unavailable:
        for gauge in gauges:
            gauge.set(math.nan)
        raise
