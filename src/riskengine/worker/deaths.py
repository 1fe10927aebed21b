"""Which consumers are dead for sure: their process says no more that it lives, while others do."""

import time
from collections.abc import Callable

from riskengine.pipeline import fleet
from riskengine.storage import processes
from riskengine.storage.database import Database
from riskengine.streaming.queue import Queue

SOUND_FOR = processes.DEAD_AFTER
"""Seconds for which every look must have found this process itself. PostgreSQL forgets all processes when it crashes,
and hears of each again at its next beat: whoever is missing then is not dead."""


class Deaths:
    """Looks for consumers that hold messages, and whose process PostgreSQL does not know as a living one."""

    def __init__(
        self, database: Database, queue: Queue, process_id: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`process_id` is this process's own. `now` gives seconds, and never goes back."""
        self._database = database
        self._queue = queue
        self._process_id = process_id
        self._now = now
        self._sound_since: float | None = None

    async def consumers(self) -> list[str]:
        """The consumers that are dead. Raises Unavailable if PostgreSQL or the queue does not answer."""
        since, self._sound_since = self._sound_since, None
        alive = {report.process_id for report in await processes.living(self._database)}
        if self._process_id not in alive:
            return []
        self._sound_since = self._now() if since is None else since
        if self._now() - self._sound_since < SOUND_FOR:
            return []
        holders = await self._queue.holders()
        return [name for name, held in holders.items() if held and fleet.process_of(name) not in alive]
