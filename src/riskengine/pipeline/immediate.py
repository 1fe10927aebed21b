"""Deciding while the sender waits: taken in and decided before the answer."""

from collections.abc import Sequence

import structlog

from riskengine.domain.decision import Decision
from riskengine.domain.errors import Archived, IdempotencyConflict, Overloaded, RiskEngineError, Unavailable
from riskengine.domain.transaction import Submission, Transaction
from riskengine.pipeline.decide import Decided, Decider
from riskengine.pipeline.gathering import Gathering
from riskengine.pipeline.latency import Latency
from riskengine.pipeline.room import Room
from riskengine.storage import archives, decisions, transactions
from riskengine.storage.database import Database
from riskengine.storage.submissions import Stored
from riskengine.telemetry import tracing

_latency = Latency("decision")
_log = structlog.get_logger()


class NotYetDecided(Unavailable):
    """The transaction is stored and will be decided, but not before this answer."""

    def __init__(self) -> None:
        super().__init__("scoring")
        self.args = (
            "the transaction is accepted and will be decided, but not at once; "
            "ask again with the same idempotency key in a second",
        )


class Immediate:
    """Takes submissions in and decides them at once, those of concurrent requests in groups.

    What is stored and cannot be decided at once is in the outbox like any other, and a worker decides it.
    """

    def __init__(self, database: Database, decider: Decider, room: Room) -> None:
        self._database = database
        self._decider = decider
        self._gathering: Gathering[Submission, Decision] = Gathering(self._decide_group, room)

    async def decide(self, submission: Submission) -> Decision:
        """The decision on the transaction that the submission's key stands for, new or known.

        Raises IdempotencyConflict if the key was used with other content, Overloaded if too many wait, Unavailable if
        PostgreSQL or Redis does not answer, and NotYetDecided if the transaction could be stored but not decided.
        """
        with tracing.span("decide", submission.transaction.transaction_id):
            return await self._gathering.submit(submission)

    async def drain(self) -> None:
        """Returns when all that was submitted is decided."""
        await self._gathering.drain()

    async def _decide_group(self, group: Sequence[Submission]) -> list[Decision | RiskEngineError]:
        done = Decided()
        stored = await self._decider.decide_new(group, done)
        _latency.note(done.decisions.values())
        fresh = [s.transaction for s, one in zip(group, stored, strict=True) if not one.replayed]
        await self._decide_rest([t for t in fresh if t.transaction_id not in done], done)
        return [await self._answer(submission, one, done) for submission, one in zip(group, stored, strict=True)]

    async def _decide_rest(self, transactions: Sequence[Transaction], done: Decided) -> None:
        """Decides what is stored and pending. Where that cannot be done now, a worker does it later."""
        if not transactions:
            return
        try:
            rest = await self._decider.decide(transactions)
        except (Unavailable, Overloaded) as error:
            _log.warning("decisions_left_to_workers", count=len(transactions), reason=str(error))
        else:
            _latency.note(rest.decisions.values())
            done.decisions |= rest.decisions

    async def _answer(self, submission: Submission, stored: Stored, done: Decided) -> Decision | RiskEngineError:
        """What the sender of one submission is told. A replay of what is still pending decides it, too."""
        if stored.conflict:
            return IdempotencyConflict(submission.idempotency_key)
        transaction_id = stored.transaction_id
        if stored.replayed and transaction_id not in done.decisions:
            decision = await decisions.get(self._database, transaction_id)
            if decision is not None:
                return decision
            pending = await transactions.get(self._database, transaction_id)
            if pending is None and (month := await archives.holding(self._database, transaction_id)):
                return Archived(month)
            await self._decide_rest([pending] if pending else [], done)
        found = done.decisions.get(transaction_id) or await decisions.get(self._database, transaction_id)
        return found if found is not None else NotYetDecided()
