"""Making again, from PostgreSQL, what Valkey does not have: the reason why only PostgreSQL needs a backup."""

from collections.abc import Sequence

from prometheus_client import Counter

from riskengine.domain.clock import DAY
from riskengine.scoring import Engine, History
from riskengine.storage import accounts
from riskengine.storage.database import Database

REACH = 62 * DAY
"""How far back of an account's newest transaction to read: twice the longest window: a month of lateness fits."""

_rebuilt = Counter("riskengine_histories_rebuilt_total", "Account histories made again from PostgreSQL")


async def histories(database: Database, engine: Engine, account_ids: Sequence[str]) -> dict[str, History]:
    """The histories of those of the accounts that exist, as they stand in PostgreSQL at one moment."""
    pasts = await accounts.pasts(database, account_ids, REACH)
    _rebuilt.inc(len(pasts))
    return {past.account.account_id: engine.remember(past.account, past.transactions, past.sequence) for past in pasts}
