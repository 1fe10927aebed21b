"""Single transactions and decisions, through the cache: what is decided never changes."""

from uuid import UUID

import msgspec

from riskengine.domain.transaction import Transaction
from riskengine.state import cached_decisions
from riskengine.state.cache import Cache
from riskengine.state.cache_kinds import DECISION, TRANSACTION, Fact
from riskengine.state.cached_decisions import Decided
from riskengine.state.codec import Codec
from riskengine.storage import decisions, records, transactions
from riskengine.storage.database import Database
from riskengine.storage.records import Record


def _encode(record: Record | None) -> bytes | None:
    return None if record is None or record.outcome is None else msgspec.msgpack.encode(record)


_RECORDS: Codec[Record | None] = Codec(_encode, msgspec.msgpack.Decoder(Record).decode)


class Lookups:
    """Looks up by the id of a transaction. What is pending or unknown is never cached."""

    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache

    async def record(self, transaction_id: UUID) -> Record | None:
        """The transaction as it is shown; None if there is none. Raises Unavailable."""
        if not records.may_exist(transaction_id):
            return None
        fact = Fact(TRANSACTION, transaction_id)
        return await self._cache.fact(fact, _RECORDS, lambda: records.get(self._database, transaction_id))

    async def decided(self, transaction_id: UUID) -> Decided | None:
        """The transaction with its decision; None if there is no transaction. Raises Unavailable."""
        if not records.may_exist(transaction_id):
            return None
        fact = Fact(DECISION, transaction_id)
        return await self._cache.fact(fact, cached_decisions.CODEC, lambda: self._load(transaction_id))

    async def _load(self, transaction_id: UUID) -> Decided | None:
        decision = await decisions.get(self._database, transaction_id)
        sent: Transaction | None = await transactions.get(self._database, transaction_id)
        return None if sent is None else Decided(sent, decision)
