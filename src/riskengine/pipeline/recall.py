"""What scoring needs to remember for a batch of transactions, gathered in one round trip."""

from collections.abc import Mapping, Sequence

from riskengine.domain.transaction import Transaction
from riskengine.pipeline import rebuild
from riskengine.scoring import Engine, History, Memory, Moments, Peer, peers, shared
from riskengine.state.histories import Changes, Found, Histories, Sought
from riskengine.storage.database import Database


class Recall:
    """Brings histories, shared sets and peers from Valkey into a Memory, and what a batch changed back again."""

    def __init__(self, database: Database, histories: Histories, engine: Engine) -> None:
        self._database = database
        self._histories = histories
        self._engine = engine

    async def memory(self, transactions: Sequence[Transaction], refuted: Mapping[str, int]) -> Memory:
        """The memory for these transactions. Histories that are missing are rebuilt from PostgreSQL.

        `refuted` are accounts whose history was found to be stale, with the sequence it had: nothing as old is used.
        """
        account_ids = list(dict.fromkeys(t.account_id for t in transactions))
        keys = list(dict.fromkeys(key for t in transactions for key in shared.keys(t)))
        sought = Sought(account_ids, keys, [peers.slot_of(account_id) for account_id in account_ids])
        found = await self._histories.find(sought)
        memory = _memory(found)
        for account_id, sequence in refuted.items():
            known = memory.histories.get(account_id)
            if known is not None and known.sequence <= sequence:
                del memory.histories[account_id]
        missing = [account_id for account_id in account_ids if account_id not in memory.histories]
        if missing:
            memory.histories.update(await rebuild.histories(self._database, self._engine, missing))
        return memory

    async def keep(self, memory: Memory, account_ids: Sequence[str]) -> None:
        """Writes back what a batch changed: the histories of these accounts, and all of what accounts share."""
        await self._histories.write(
            Changes(
                histories={account_id: memory.histories[account_id].to_bytes() for account_id in account_ids},
                shared=memory.touched.shared,
                slots=memory.touched.slots,
            )
        )
