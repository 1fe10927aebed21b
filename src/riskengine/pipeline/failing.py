"""What becomes of messages that could not be decided by their own fault: tried again, later each time, then kept."""

import traceback
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from uuid import UUID

import msgspec
import structlog
from prometheus_client import Counter

from riskengine.domain.dead_letter import Failure
from riskengine.domain.errors import Unavailable
from riskengine.pipeline.engines import Engines
from riskengine.resilience import failpoints
from riskengine.resilience.retry import Schedule
from riskengine.state.origins import Origins
from riskengine.storage import dead_letters
from riskengine.storage.database import Database
from riskengine.storage.dead_letters import Origin
from riskengine.streaming.queue import Message
from riskengine.telemetry import tracing

LONGEST_ERROR = 1_000
"""Characters of an error that are kept."""

LONGEST_STACK = 8_000
"""Characters of a stack that are kept: the innermost ones."""

LARGEST_BODY = 64 << 10
"""Bytes kept of a message that cannot be read: ours have less than a kilobyte."""

_HERE = str(Path(__file__).parents[1])
_retried = Counter("riskengine_retried_total", "Failed transactions that are to be tried again")
_made = Counter("riskengine_dead_letters_total", "Messages that became dead letters")
_log = structlog.get_logger()


class Failing:
    """Notes failures of a worker in PostgreSQL. Once that is done their messages may be acknowledged.

    With `origins`, those that are traced are tried again in the same trace.
    """

    def __init__(
        self, database: Database, engines: Engines, schedule: Schedule, *, worker: str, origins: Origins | None = None
    ) -> None:
        self._database = database
        self._engines = engines
        self._schedule = schedule
        self._worker = worker
        self._origins = origins

    async def note(self, failures: Sequence[Failure]) -> None:
        """Has failures tried again later, or kept as dead letters. Raises Unavailable; it may be called again."""
        await self._keep_origins(failures)
        await self._note(failures, self._schedule.delays)

    async def bury(self, failures: Sequence[Failure]) -> None:
        """Keeps failures as dead letters at once: trying again would not help. Else as `note`."""
        await self._note(failures, [])

    async def _note(self, failures: Sequence[Failure], delays: Sequence[float]) -> None:
        failpoints.reach("fail.begun")
        running = msgspec.structs.asdict(self._engines.engine.versions)
        versions = {"riskengine": metadata.version("riskengine"), **running}
        origin = Origin(self._worker, versions)
        noted = await dead_letters.note(self._database, failures, origin, delays, self._schedule.jitter)
        failpoints.reach("fail.noted")
        _retried.inc(noted.again)
        for failure in failures:
            tracing.failed(failure.transaction_id, failure.error_class)
        _made.inc(len(noted.dead))
        for failure in noted.dead:
            _log.error(
                "dead_letter_made",
                transaction_id=None if failure.transaction_id is None else str(failure.transaction_id),
                error=failure.error_class,
                fingerprint=failure.fingerprint,
            )

    async def _keep_origins(self, failures: Sequence[Failure]) -> None:
        """Keeps where they come from, for the next try. Without, it is a try all the same."""
        found = {key: tracing.origin_of(key) for failure in failures if (key := failure.transaction_id) is not None}
        traced = {key: origin for key, origin in found.items() if origin is not None}
        if traced and self._origins is not None:
            with suppress(Unavailable):
                await self._origins.keep(traced)


def undecidable(message: Message, transaction_id: UUID, error: Exception) -> Failure:
    """The failure of a transaction that scoring could not take."""
    return _failure(message, transaction_id, error, None)


def unreadable(message: Message, error: Exception) -> Failure:
    """The failure of a message that is no transaction."""
    return _failure(message, None, error, message.body[:LARGEST_BODY])


def _failure(message: Message, transaction_id: UUID | None, error: Exception, body: bytes | None) -> Failure:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        f"{frame.filename.removeprefix(_HERE)}:{frame.name}" for frame in frames if frame.filename.startswith(_HERE)
    ]
    error_class = type(error).__name__
    place = "\n".join([error_class, *ours])
    return Failure(
        stream=message.stream,
        message_id=message.message_id.decode(),
        transaction_id=transaction_id,
        error=_storable(str(error))[:LONGEST_ERROR],
        error_class=error_class,
        fingerprint=blake2b(place.encode(), digest_size=6).hexdigest(),
        stack=_storable("".join(traceback.format_tb(error.__traceback__)))[-LONGEST_STACK:],
        body=body,
    )


def _storable(text: str) -> str:
    """The text without what PostgreSQL cannot hold."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
