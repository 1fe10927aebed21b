"""History into the database: stored, decided and counted like live transactions, each once."""

from collections.abc import AsyncIterator, Iterable
from itertools import islice

import msgspec

from riskengine.domain.decision import Decision
from riskengine.domain.errors import FieldError, IdempotencyConflict, InvalidInput
from riskengine.domain.transaction import Submission
from riskengine.lab.reading import Record
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.ingest import Ingest
from riskengine.pipeline.room import Room
from riskengine.storage import partitions
from riskengine.storage.database import Database

CHUNK = 1000
"""Records stored in one statement, and decided in one batch."""


class RowConflict(InvalidInput):
    """A row's key was used before with other content. Nothing of its chunk is imported; all chunks before are."""


class Imported(msgspec.Struct, frozen=True):
    """What became of a chunk: how many transactions were new, how many there already, and the new decisions.

    `undecidable` counts those that are stored, but that scoring could not take.
    """

    new: int
    known: int
    undecidable: int
    decisions: tuple[Decision, ...]


class Importer:
    """Stores records in the months in which they happened, and decides them.

    What is stored but not decided when the process dies is in the outbox like any other, and a worker decides it.
    """

    def __init__(self, database: Database, decider: Decider) -> None:
        self._database = database
        self._decider = decider
        # Without a publisher: workers would only compete for what is decided here at once.
        self._ingest = Ingest(database, None, Room(CHUNK))

    async def run(self, records: Iterable[Record]) -> AsyncIterator[Imported]:
        """Imports the records in their order, chunk by chunk.

        Raises RowConflict if a key was used with other content, Unavailable if PostgreSQL or Redis does not answer;
        running the same import again then completes it.
        """
        remaining = iter(records)
        while chunk := list(islice(remaining, CHUNK)):
            yield await self._import(chunk)

    async def _import(self, chunk: list[Record]) -> Imported:
        # Rows with equal content have equal ids, and are one transaction.
        distinct = {r.submission.transaction.transaction_id: r for r in chunk}
        submissions = [record.submission for record in distinct.values()]
        await partitions.ensure_for(self._database, (s.transaction.created_at for s in submissions))
        fresh = await self._store(submissions, list(distinct.values()))
        if not fresh:
            return Imported(new=0, known=len(chunk), undecidable=0, decisions=())
        decided = await self._decider.decide([s.transaction for s in fresh])
        return Imported(
            new=len(fresh),
            known=len(chunk) - len(fresh),
            undecidable=len(decided.undecidable),
            decisions=tuple(decided.decisions.values()),
        )

    async def _store(self, submissions: list[Submission], records: list[Record]) -> list[Submission]:
        try:
            receipts = await self._ingest.submit_batch(submissions)
        except IdempotencyConflict as error:
            number = records[error.index or 0].number
            fault = FieldError("idempotency_key", "was used before with other content; correct the row or its key")
            raise RowConflict((fault,), f"row {number} cannot be imported") from error
        return [s for s, receipt in zip(submissions, receipts, strict=True) if not receipt.replayed]
