"""What scoring needs to remember for a batch of transactions, gathered in one round trip."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from contextvars import Context

import structlog

from riskengine.domain.decision import Decision
from riskengine.domain.transaction import Transaction
from riskengine.pipeline import cells, rebuild
from riskengine.pipeline.backfill import Backfill
from riskengine.pipeline.engines import Engines
from riskengine.scoring import hashing, peers
from riskengine.scoring.engine import Engine
from riskengine.scoring.history import History, UnreadableHistoryError
from riskengine.scoring.memory import Memory
from riskengine.scoring.peers import Moments, Peer, Peers
from riskengine.scoring.shared import COLD
from riskengine.state import cached_decisions
from riskengine.state.histories import Histories
from riskengine.state.parts import Changes, Found, Sought
from riskengine.storage.database import Database

_log = structlog.get_logger()


class Recall:
    """Brings histories and what accounts share from Valkey into a Memory, and what a batch changed back again."""

    def __init__(
        self, database: Database, histories: Histories, engines: Engines, backfill: Backfill | None = None
    ) -> None:
        """`backfill` is how series are filled again that an emptied server has lost; the usual way if not given."""
        self._database = database
        self._histories = histories
        self._engines = engines
        self._warming = asyncio.Lock()
        self._backfill = backfill or Backfill(database, histories, engines)
        self._filling: asyncio.Task[None] | None = None

    async def memory(self, engine: Engine, transactions: Sequence[Transaction], refuted: Mapping[str, int]) -> Memory:
        """The memory for these transactions. Histories that are missing are rebuilt from PostgreSQL.

        So are those that reach back less far than the engine's features. `refuted` are accounts whose history was found
        to be stale, with the sequence it had: nothing as old is used.
        """
        account_ids = list(dict.fromkeys(t.account_id for t in transactions))
        keys = list(dict.fromkeys(key for t in transactions for key in engine.commons.keys(t)))
        slots = [peers.slot_of(account_id) for account_id in account_ids]
        sought = Sought(account_ids, keys, slots, cells.sought(engine.commons, transactions))
        found = await self._histories.find(sought)
        if found.kept is None:
            found = await self._warm(engine, sought)
        if found.kept_somewhere != engine.commons.names:
            await self._part_with(engine, found.kept_somewhere)
        memory = _memory(found, engine, sought)
        stale = {
            account_id: memory.histories.pop(account_id)
            for account_id, sequence in refuted.items()
            if account_id in memory.histories and memory.histories[account_id].sequence <= sequence
        }
        missing = [account_id for account_id in account_ids if account_id not in memory.histories]
        if missing:
            memory.histories.update(await rebuild.histories(self._database, self._engines, engine, missing))
        await self._forget_ahead(stale, memory.histories)
        return memory

    async def keep(
        self, engine: Engine, memory: Memory, taken: Sequence[Decision], decided: Sequence[Transaction]
    ) -> None:
        """Writes back what a batch changed: the histories, slots and cells of the decisions that were taken, and those.

        To the shared sets goes all that is decided, also what had been before: perhaps it never got that far. To cells,
        which grow with each addition, goes nothing twice: what does not get there now never will.
        """
        account_ids = dict.fromkeys(decision.verdict.account_id for decision in taken)
        histories = {account_id: memory.histories[account_id].to_bytes() for account_id in account_ids}
        additions = [
            (key, hashing.of_64(t.account_id), t.occurred_at) for t in decided for key in engine.commons.keys(t)
        ]
        slots = {peers.slot_of(account_id) for account_id in histories}
        changed = [slot for slot in memory.slots if slot[0] in slots]
        counted = cells.of_accounts(memory.steps, account_ids)
        decided_at = taken[0].decided_at if taken else 0
        cached = cached_decisions.writes(taken, decided)
        await self._histories.write(Changes(histories, additions, changed, counted, decided_at, cached))

    async def _part_with(self, engine: Engine, kept: frozenset[str]) -> None:
        """Says that this engine does not keep all that others kept: from now on, something is missing in it."""
        others = kept - engine.commons.names
        if others:
            _log.info("shared_state_dropped", parts=sorted(others), catalogue=engine.catalogue.version)
            await self._histories.mark(remove=others)

    async def _forget_ahead(self, stale: Mapping[str, History], rebuilt: Mapping[str, History]) -> None:
        """Drops histories ahead of PostgreSQL (it was restored from a backup): nobody would overwrite them."""
        ahead = [
            account_id
            for account_id, history in stale.items()
            if account_id not in rebuilt or rebuilt[account_id].sequence < history.sequence
        ]
        if ahead:
            await self._histories.forget(ahead)

    async def _warm(self, engine: Engine, sought: Sought) -> Found:
        """Rebuilds what accounts share, which an emptied server has lost; of concurrent batches the first does it.

        Series take longer than a batch can wait: they are filled beside it, and cold until then.
        """
        async with self._warming:
            found = await self._histories.find(sought)
            if found.kept is not None:
                return found
            await rebuild.common(self._database, self._engines, self._histories, engine.commons.sets)
            if engine.commons.series and (self._filling is None or self._filling.done()):
                self._filling = asyncio.create_task(self._backfill.restore(engine.catalogue), context=Context())
            return await self._histories.find(sought)


def _memory(found: Found, engine: Engine, sought: Sought) -> Memory:
    cold = engine.commons.sets - (found.kept or frozenset())
    shared = {key: COLD for key in found.shared if key.partition(":")[0] in cold} if cold else {}
    return Memory(
        histories=_histories(found.histories, engine.catalogue.horizon),
        shared=found.shared | shared,
        peers=Peers(
            slots={slot: Peer(log, type_) for slot, (log, type_) in found.slots.items()},
            moments={type_: Moments(*moments) for type_, moments in found.moments.items()},
        ),
        series=cells.found(engine.commons, sought.cells, found.cells),
        steps={},
    )


def _histories(values: Mapping[str, bytes], horizon: int) -> dict[str, History]:
    """The histories that can be read and reach back so many days; others are as good as missing."""
    histories: dict[str, History] = {}
    for account_id, value in values.items():
        with suppress(UnreadableHistoryError):
            history = History.from_bytes(value)
            if history.horizon >= horizon:
                histories[account_id] = history
    return histories
