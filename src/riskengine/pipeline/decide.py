"""Deciding transactions: each once, on exactly the state that its account then has."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
import structlog
from prometheus_client import Counter

from riskengine.domain import clock
from riskengine.domain.decision import Decision, Verdict
from riskengine.domain.errors import Overloaded, Unavailable
from riskengine.domain.transaction import Submission, Transaction
from riskengine.pipeline import tallies
from riskengine.pipeline.engines import Engines
from riskengine.pipeline.recall import Recall
from riskengine.pipeline.stages import stage
from riskengine.resilience import failpoints
from riskengine.scoring.engine import Engine
from riskengine.scoring.memory import Memory
from riskengine.storage import decisions as storage
from riskengine.storage import submissions as submitted
from riskengine.storage.database import Database
from riskengine.storage.decisions import Refused
from riskengine.storage.submissions import Stored
from riskengine.telemetry import tracing

MOST_ROUNDS = 20
"""How often a batch may lose accounts to others before it is given back; each loss means that another got on."""

_stale = Counter("riskengine_stale_total", "Verdicts refused because others had decided on the account first")
_undecidable = Counter("riskengine_undecidable_total", "Transactions that scoring could not take")
_unkept = Counter("riskengine_histories_unkept_total", "Histories that could not be written back after a commit")
_recalling, _scoring, _storing, _keeping = map(stage, ("recall", "score", "store", "keep"))
_log = structlog.get_logger()


class Decided(msgspec.Struct):
    """What became of a batch, by transaction id.

    `decisions` are new; `settled` had been decided before (or are unknown to PostgreSQL); `undecidable` made scoring
    raise the error given, and are still pending.
    """

    decisions: dict[UUID, Decision] = msgspec.field(default_factory=dict)
    settled: set[UUID] = msgspec.field(default_factory=set)
    undecidable: dict[UUID, Exception] = msgspec.field(default_factory=dict)

    def __contains__(self, transaction_id: object) -> bool:
        return transaction_id in self.decisions or transaction_id in self.settled or transaction_id in self.undecidable


class Decider:
    """Scores stored transactions and stores the verdicts. Any number of deciders may work on the same accounts.

    PostgreSQL is the referee: it takes a decision only if it was made on the account's present state, and in the same
    statement advances that state. What it refuses is scored again. Valkey only spares reading the past each time.
    `decided` counts what it has decided.
    """

    def __init__(self, database: Database, recall: Recall, engines: Engines) -> None:
        self._database = database
        self._recall = recall
        self._engines = engines
        self.decided = 0

    async def decide(self, transactions: Sequence[Transaction]) -> Decided:
        """Decides transactions that are stored, in this order; each account's are decided in this order, too.

        Raises Unavailable if PostgreSQL or Redis does not answer, and Overloaded if others decide on the same accounts
        all the time. What was decided until then stays so, and the whole batch can be given again.
        """
        waiting = list({t.transaction_id: t for t in transactions}.values())
        done = Decided()
        refuted: dict[str, int] = {}
        for _ in range(MOST_ROUNDS):
            await self._round(waiting, refuted, done)
            waiting = [t for t in waiting if t.transaction_id not in done]
            if not waiting:
                return done
        raise Overloaded("others decide on the same accounts all the time; try again in a second")

    async def decide_new(self, submissions: Sequence[Submission], done: Decided) -> list[Stored]:
        """Takes submissions in and decides them in the same statement, for senders that wait.

        Says of each, in order, what its key stands for. What is new and could not be decided, because others decided on
        its account meanwhile, is stored and pending: `decide` is the next step for it.
        """
        engine = self._engines.engine
        transactions = [submission.transaction for submission in submissions]
        with tracing.span("recall"), _recalling.time():
            memory = await self._recall.memory(engine, transactions, {})
        sequences = {account_id: history.sequence for account_id, history in memory.histories.items()}
        try:
            with tracing.span("score"), _scoring.time():
                verdicts = engine.score(transactions, memory)
        except Exception:  # which of them it is, and what becomes of it, is for `decide`
            async with self._database.connection() as connection:
                return await submitted.store(connection, submissions)
        decisions = _numbered(verdicts, sequences)
        failpoints.reach("decide_new.scored")
        with tracing.span("store"), _storing.time():
            accepted = await storage.store_new(self._database, submissions, decisions)
        failpoints.reach("decide_new.stored")
        await self._take(engine, memory, transactions, decisions, accepted.refused, done=done)
        return accepted.stored

    async def _round(self, transactions: Sequence[Transaction], refuted: dict[str, int], done: Decided) -> None:
        """Scores and stores once, adding to `done`; the accounts whose history proves stale are noted in `refuted`."""
        engine = self._engines.engine
        with tracing.span("recall"), _recalling.time():
            memory = await self._recall.memory(engine, transactions, refuted)
        failpoints.reach("decide.recalled")
        sequences = {account_id: history.sequence for account_id, history in memory.histories.items()}
        with tracing.span("score"), _scoring.time():
            verdicts = await self._score(engine, transactions, memory, refuted, done)
        if not verdicts:
            return
        decisions = _numbered(verdicts, sequences)
        failpoints.reach("decide.scored")
        with tracing.span("store"), _storing.time():
            refused = await storage.store(self._database, decisions)
        failpoints.reach("decide.stored")
        done.settled |= refused.settled
        await self._take(engine, memory, transactions, decisions, refused, done=done)
        refuted |= {v.account_id: sequences.get(v.account_id, 0) for v in verdicts if v.transaction_id in refused}

    async def _take(
        self,
        engine: Engine,
        memory: Memory,
        transactions: Sequence[Transaction],
        decisions: Sequence[Decision],
        refused: Refused,
        *,
        done: Decided,
    ) -> None:
        """Notes in `done` and in Valkey what PostgreSQL took."""
        taken = [d for d in decisions if d.verdict.transaction_id not in refused]
        done.decisions |= {d.verdict.transaction_id: d for d in taken}
        self.decided += len(taken)
        tallies.note(taken)
        _stale.inc(len(refused.stale))
        with tracing.span("keep"), _keeping.time():
            await self._keep(engine, memory, taken, [t for t in transactions if t.transaction_id not in refused.stale])
        failpoints.reach("decide.kept")

    async def _score(
        self,
        engine: Engine,
        transactions: Sequence[Transaction],
        memory: Memory,
        refuted: dict[str, int],
        done: Decided,
    ) -> list[Verdict]:
        """The verdicts on what can be scored. One transaction that cannot be does not take its neighbours with it."""
        try:
            return engine.score(transactions, memory)
        except Exception:
            fresh = await self._recall.memory(engine, transactions, refuted)
            memory.replace(fresh)
        verdicts: list[Verdict] = []
        for transaction in transactions:
            try:
                verdicts += engine.score([transaction], memory)
            except Exception as error:
                done.undecidable[transaction.transaction_id] = error
                _undecidable.inc()
                _log.exception("transaction_undecidable", transaction_id=str(transaction.transaction_id))
        return verdicts

    async def _keep(
        self, engine: Engine, memory: Memory, taken: Sequence[Decision], decided: Sequence[Transaction]
    ) -> None:
        """Writes back what changed. A failure costs time: the fence finds histories stale, and they are rebuilt.

        What accounts share lacks these decisions then.
        """
        try:
            await self._recall.keep(engine, memory, taken, decided)
        except Unavailable as error:
            count = len({decision.verdict.account_id for decision in taken})
            _unkept.inc(count)
            _log.warning("histories_unkept", part=error.part, count=count)


def _numbered(verdicts: Sequence[Verdict], sequences: dict[str, int]) -> list[Decision]:
    """The verdicts as decisions: each at its place in its account's order, which goes on from `sequences`."""
    now = clock.now_ms()
    last = dict(sequences)
    decisions = []
    for verdict in verdicts:
        last[verdict.account_id] = sequence = last.get(verdict.account_id, 0) + 1
        decisions.append(Decision(verdict, sequence, now))
    return decisions
