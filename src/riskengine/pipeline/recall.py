"""What scoring needs to remember for a batch of transactions, gathered in one round trip."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from riskengine.domain.transaction import Transaction
from riskengine.pipeline import rebuild
from riskengine.pipeline.engines import Engines
from riskengine.scoring import hashing, peers, shared
from riskengine.scoring.engine import Engine
from riskengine.scoring.history import History, UnreadableHistoryError
from riskengine.scoring.memory import Memory
from riskengine.scoring.peers import Moments, Peer, Peers
from riskengine.state.histories import Changes, Found, Histories, Sought
from riskengine.storage.database import Database


class Recall:
    """Brings histories, shared sets and peers from Valkey into a Memory, and what a batch changed back again."""

    def __init__(self, database: Database, histories: Histories, engines: Engines) -> None:
        self._database = database
        self._histories = histories
        self._engines = engines
        self._warming = asyncio.Lock()

    async def memory(
        self, engine: Engine, transactions: Sequence[Transaction], refuted: Mapping[str, int]
    ) -> Memory:
        """The memory for these transactions. Histories that are missing are rebuilt from PostgreSQL.

        So are those that reach back less far than the engine's features. `refuted` are accounts whose history was found
        to be stale, with the sequence it had: nothing as old is used.
        """
        account_ids = list(dict.fromkeys(t.account_id for t in transactions))
        keys = list(dict.fromkeys(key for t in transactions for key in shared.keys(t)))
        sought = Sought(account_ids, keys, [peers.slot_of(account_id) for account_id in account_ids])
        found = await self._histories.find(sought)
        if not found.warm:
            found = await self._warm(sought)
        memory = _memory(found, engine.catalogue.horizon)
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

    async def keep(self, memory: Memory, taken: Iterable[str], decided: Iterable[Transaction]) -> None:
        """Writes back what a batch changed: the histories and slots of the accounts whose decisions were taken.

        To the shared sets goes all that is decided, also what had been before: perhaps it never got that far.
        """
        histories = {account_id: memory.histories[account_id].to_bytes() for account_id in taken}
        additions = [(key, hashing.of_64(t.account_id), t.occurred_at) for t in decided for key in shared.keys(t)]
        slots = {peers.slot_of(account_id) for account_id in histories}
        changed = [slot for slot in memory.slots if slot[0] in slots]
        await self._histories.write(Changes(histories, additions, changed))

    async def _forget_ahead(self, stale: Mapping[str, History], rebuilt: Mapping[str, History]) -> None:
        """Drops histories ahead of PostgreSQL (it was restored from a backup): nobody would overwrite them."""
        ahead = [
            account_id
            for account_id, history in stale.items()
            if account_id not in rebuilt or rebuilt[account_id].sequence < history.sequence
        ]
        if ahead:
            await self._histories.forget(ahead)

    async def _warm(self, sought: Sought) -> Found:
        """Rebuilds what accounts share, which an emptied server has lost; of concurrent batches the first does it."""
        async with self._warming:
            found = await self._histories.find(sought)
            if found.warm:
                return found
            await rebuild.common(self._database, self._engines, self._histories)
            return await self._histories.find(sought)


def _memory(found: Found, horizon: int) -> Memory:
    return Memory(
        histories=_histories(found.histories, horizon),
        shared=found.shared,
        peers=Peers(
            slots={slot: Peer(log, type_) for slot, (log, type_) in found.slots.items()},
            moments={type_: Moments(*moments) for type_, moments in found.moments.items()},
        ),
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
