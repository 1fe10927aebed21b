"""Taking transactions in: durable before they are answered for, and once however often they are sent."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import msgspec
from prometheus_client import Histogram

from riskengine.domain import ids
from riskengine.domain.errors import IdempotencyConflict, RiskEngineError
from riskengine.domain.transaction import Submission, Transaction
from riskengine.pipeline.gathering import Gathering
from riskengine.pipeline.publisher import Publisher
from riskengine.pipeline.room import Places, Room
from riskengine.resilience import failpoints
from riskengine.storage import submissions as storage
from riskengine.storage.database import Database
from riskengine.storage.submissions import Stored
from riskengine.telemetry import tracing

BATCHES_AT_ONCE = 4
"""Batches that are stored at the same time. More would not be faster, and would take all connections from the rest."""

_storing = Histogram(
    "riskengine_ingest_store_seconds",
    "Seconds that storing accepted transactions took, a group or a batch",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
)


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What a sender gets: the transaction its key stands for. `created_at` is in milliseconds since the epoch.

    `replayed` says that the key was known, so that this is the first answer again.
    """

    transaction_id: UUID
    idempotency_key: str
    created_at: int
    replayed: bool


class Ingest:
    """Accepts submissions. One by one they share statements (group commit); a batch is all or nothing.

    Without a publisher what is accepted is not put on the stream: for those who decide it themselves at once.
    """

    def __init__(self, database: Database, publisher: Publisher | None, room: Room) -> None:
        self._database = database
        self._publisher = publisher
        self._room = room
        self._gathering: Gathering[Submission, Receipt] = Gathering(self._commit_group, room)
        self._batches = asyncio.Semaphore(BATCHES_AT_ONCE)

    async def submit(self, submission: Submission) -> Receipt:
        """Stores one submission and says what its key stands for.

        Raises IdempotencyConflict if the key was used with other content, Overloaded if too many wait, Unavailable if
        PostgreSQL does not answer (in which case nothing is stored, or all of it: the same key finds out).
        """
        with tracing.span("ingest", submission.transaction.transaction_id):
            return await self._gathering.submit(submission)

    async def submit_batch(self, submissions: Sequence[Submission], places: Places | None = None) -> list[Receipt]:
        """Stores all submissions or none, and says of each, in order, what its key stands for.

        `places` are those that were taken for them before they were known. Raises IdempotencyConflict, with the index,
        if a key was used with other content; else as `submit`.
        """
        if places is None:
            places = self._room.take(len(submissions))
        with tracing.span("ingest"):
            with places:
                places.resize(len(submissions))
                stored = await self._store_all(submissions)
            self._publish(submissions, stored)
        return [_receipt(submission, one) for submission, one in zip(submissions, stored, strict=True)]

    async def drain(self) -> None:
        """Returns when all that was submitted is stored and published."""
        await self._gathering.drain()
        if self._publisher is not None:
            await self._publisher.drain()

    async def _store_all(self, submissions: Sequence[Submission]) -> list[Stored]:
        failpoints.reach("ingest.begun")
        async with self._batches:
            with _storing.time():
                stored = await self._all_or_none(submissions)
        failpoints.reach("ingest.stored")
        return stored

    async def _all_or_none(self, submissions: Sequence[Submission]) -> list[Stored]:
        async with self._database.connection() as connection, connection.transaction():
            stored = await storage.store(connection, submissions)
            for index, (submission, one) in enumerate(zip(submissions, stored, strict=True)):
                if one.conflict:
                    raise IdempotencyConflict(submission.idempotency_key, index)
            return stored

    async def _commit_group(self, group: Sequence[Submission]) -> list[Receipt | RiskEngineError]:
        failpoints.reach("ingest.begun")
        with _storing.time():
            async with self._database.connection() as connection:
                stored = await storage.store(connection, group)
        failpoints.reach("ingest.stored")
        self._publish(group, stored)
        return [
            IdempotencyConflict(submission.idempotency_key) if one.conflict else _receipt(submission, one)
            for submission, one in zip(group, stored, strict=True)
        ]

    def _publish(self, submissions: Sequence[Submission], stored: Sequence[Stored]) -> None:
        if self._publisher is None:
            return
        fresh: list[Transaction] = [
            s.transaction for s, one in zip(submissions, stored, strict=True) if not one.replayed
        ]
        if fresh:
            self._publisher.publish(fresh)


def _receipt(submission: Submission, stored: Stored) -> Receipt:
    created_at = ids.created_at_ms(stored.transaction_id)
    return Receipt(stored.transaction_id, submission.idempotency_key, created_at, stored.replayed)
