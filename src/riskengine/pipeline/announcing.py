"""Putting dead letters on their stream, after they are durable."""

import structlog

from riskengine.resilience import failpoints
from riskengine.storage import dead_letters
from riskengine.storage.database import Database
from riskengine.streaming.dead_letter_stream import DeadLetterStream

MOST_AT_ONCE = 100
"""Letters announced in one go: less than a megabyte."""

_log = structlog.get_logger()


class Announcing:
    """Announces what is not announced yet: each once, or twice if a process dies at it. Several may run at once."""

    def __init__(self, database: Database, stream: DeadLetterStream) -> None:
        self._database = database
        self._stream = stream

    async def run_once(self) -> int:
        """Announces up to MOST_AT_ONCE letters, and says how many. Raises Unavailable."""
        async with self._database.connection() as connection, connection.transaction():
            letters = await dead_letters.unannounced(connection, MOST_AT_ONCE)
            if letters:
                await self._stream.append(letters)
                failpoints.reach("letters.announced")
                await dead_letters.announced(connection, letters)
                _log.info("dead_letters_announced", count=len(letters))
        return len(letters)
