"""Making again, from PostgreSQL, what Valkey does not have: the reason why only PostgreSQL needs a backup."""

from collections.abc import Iterator, Sequence

import structlog
from prometheus_client import Counter

from riskengine.domain import clock
from riskengine.domain.clock import DAY
from riskengine.scoring import event, hashing, peers
from riskengine.scoring.engine import Engine
from riskengine.scoring.history import History
from riskengine.scoring.money import MISSING, Rates
from riskengine.scoring.shared import WINDOW_MS
from riskengine.state.histories import Changes, Histories
from riskengine.storage import accounts
from riskengine.storage.database import Database, Row

REACH = 62 * DAY
"""How far back of an account's newest transaction to read: twice the longest window: a month of lateness fits."""

_PAGE = 2_000
"""Additions written at once: about a tenth of a second of Valkey's time."""

_rebuilt = Counter("riskengine_histories_rebuilt_total", "Account histories made again from PostgreSQL")
_log = structlog.get_logger()


async def histories(database: Database, engine: Engine, account_ids: Sequence[str]) -> dict[str, History]:
    """The histories of those of the accounts that exist, as they stand in PostgreSQL at one moment."""
    pasts = await accounts.pasts(database, account_ids, REACH)
    _rebuilt.inc(len(pasts))
    return {past.account.account_id: engine.remember(past.account, past.transactions, past.sequence) for past in pasts}


async def common(database: Database, rates: Rates, store: Histories) -> None:
    """What accounts share: the sets of a day's devices, addresses and beneficiaries, and the sample of peers.

    Exact for what was accepted within the last day. Idempotent: several processes may do it at once.
    """
    since = clock.to_datetime(clock.now_ms() - WINDOW_MS)
    uses = await database.fetch("recent_shared", since)
    latest = await database.fetch("recent_peers", since)
    additions = [
        (f"{row['kind']}:{row['id']}", hashing.of_64(row["account_id"]), clock.to_ms(row["occurred_at"]))
        for row in uses
    ]
    slots = list(_slots(latest, rates))
    for start in range(0, max(len(additions), len(slots)), _PAGE):
        await store.write(Changes({}, additions[start : start + _PAGE], slots[start : start + _PAGE]))
    await store.write(Changes({}, [], []), warm=True)
    _log.info("common_memory_rebuilt", additions=len(additions), slots=len(slots))


def _slots(latest: Sequence[Row], rates: Rates) -> Iterator[tuple[int, int, str]]:
    for row in latest:
        minor = rates.to_minor(row["amount"], row["currency"])
        if minor != MISSING:
            yield peers.slot_of(row["account_id"]), event.log_steps(minor), row["type"]
