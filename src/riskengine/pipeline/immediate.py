"""Deciding while the sender waits: taken in and decided before the answer."""

from collections.abc import Sequence
from uuid import UUID

from riskengine.domain.decision import Decision
from riskengine.domain.errors import RiskEngineError, Unavailable
from riskengine.domain.transaction import Submission, Transaction
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.gathering import Gathering
from riskengine.pipeline.ingest import Ingest
from riskengine.storage import decisions, transactions
from riskengine.storage.database import Database


class NotYetDecided(Unavailable):
    """The transaction is stored and will be decided, but not before this answer."""

    def __init__(self, part: str) -> None:
        RiskEngineError.__init__(
            self,
            f"{part} does not answer at the moment; the transaction is accepted and will be decided: "
            "ask again with the same idempotency key",
        )
        self.part = part
        self.retry_after = 1


class Immediate:
    """Takes submissions in and decides them at once, those of concurrent requests in groups.

    If the process dies in between, the transaction is in the outbox like any other, and a worker decides it.
    """

    def __init__(self, database: Database, decider: Decider, *, limit: int) -> None:
        self._database = database
        self._decider = decider
        self._ingest = Ingest(database, None, limit=limit)
        self._gathering: Gathering[Transaction, Decision] = Gathering(self._decide_group, limit=limit)

    async def decide(self, submission: Submission) -> Decision:
        """The decision on the transaction that the submission's key stands for, new or known.

        Raises what `Ingest.submit` raises; and NotYetDecided if it could be stored but not decided.
        """
        receipt = await self._ingest.submit(submission)
        if not receipt.replayed:
            return await self._decide(submission.transaction)
        known = await decisions.get(self._database, receipt.transaction_id)
        return known if known is not None else await self._decide(await self._stored(receipt.transaction_id))

    async def drain(self) -> None:
        """Returns when all that was submitted is decided."""
        await self._ingest.drain()
        await self._gathering.drain()

    async def _decide(self, transaction: Transaction) -> Decision:
        try:
            return await self._gathering.submit(transaction)
        except Unavailable as error:
            raise NotYetDecided(error.part) from error

    async def _decide_group(self, group: Sequence[Transaction]) -> list[Decision | RiskEngineError]:
        done = await self._decider.decide(group)
        return [
            done.decisions.get(t.transaction_id) or await self._settled(t.transaction_id, done.undecidable)
            for t in group
        ]

    async def _settled(self, transaction_id: UUID, undecidable: dict[UUID, Exception]) -> Decision | RiskEngineError:
        """A worker was faster, or nobody can decide it."""
        if transaction_id in undecidable:
            return NotYetDecided("scoring")
        decision = await decisions.get(self._database, transaction_id)
        return decision if decision is not None else NotYetDecided("postgresql")

    async def _stored(self, transaction_id: UUID) -> Transaction:
        transaction = await transactions.get(self._database, transaction_id)
        if transaction is None:
            raise Unavailable("postgresql")
        return transaction
