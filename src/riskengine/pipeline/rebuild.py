"""Making again, from PostgreSQL, what Valkey does not have: the reason why only PostgreSQL needs a backup."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from prometheus_client import Counter

from riskengine.domain import clock, ids
from riskengine.domain.clock import DAY
from riskengine.domain.outcome import Outcome
from riskengine.pipeline.engines import Engines
from riskengine.scoring import event, hashing, peers
from riskengine.scoring.commons import PEERS
from riskengine.scoring.engine import Engine
from riskengine.scoring.history import History
from riskengine.scoring.money import MISSING, Rates
from riskengine.scoring.shared import WINDOW_MS
from riskengine.state.histories import Histories
from riskengine.state.parts import Changes
from riskengine.storage import accounts
from riskengine.storage.accounts import Past
from riskengine.storage.database import Database, Row

_PAGE = 2_000
"""Additions written at once: about a tenth of a second of Valkey's time."""

_rebuilt = Counter("riskengine_histories_rebuilt_total", "Account histories made again from PostgreSQL")
_log = structlog.get_logger()


async def histories(
    database: Database, engines: Engines, engine: Engine, account_ids: Sequence[str]
) -> dict[str, History]:
    """The histories of those of the accounts that exist, as they stand in PostgreSQL at one moment.

    Reads back twice the horizon from an account's newest transaction: so much lateness fits.
    """
    pasts = await accounts.pasts(database, account_ids, 2 * engine.catalogue.horizon * DAY)
    tables = await rates(engines, {one.rates_version for past in pasts for one in past.decided})
    _rebuilt.inc(len(pasts))
    return {past.account.account_id: _history(past, engine, tables) for past in pasts}


async def all_of(
    database: Database, engines: Engines, store: Histories, account_ids: Sequence[str], *, anew: bool = False
) -> None:
    """Writes the accounts' histories, as PostgreSQL has them, unless what is there is as new; `anew`: anyhow."""
    if not account_ids:
        return
    if anew:
        await store.forget(account_ids)
    found = await histories(database, engines, engines.engine, account_ids)
    await store.write(Changes({account_id: history.to_bytes() for account_id, history in found.items()}, [], []))


async def common(database: Database, engines: Engines, store: Histories, kinds: Collection[str]) -> None:
    """What accounts share: the sets of a day's devices, merchants ... of the kinds given, and the sample of peers.

    Exact for what was accepted within the last day. Idempotent: several processes may do it at once. Series take
    longer, and are for `Backfill`.
    """
    additions = await _uses(database, kinds)
    latest = await database.fetch("recent_peers", *_since())
    slots = list(_slots(latest, await rates(engines, {row["rates_version"] for row in latest})))
    await _write(store, additions, slots)
    await store.mark({PEERS, *kinds}, whole=True)
    _log.info("common_memory_rebuilt", additions=len(additions), slots=len(slots))


async def sets(database: Database, store: Histories, kinds: Collection[str]) -> None:
    """The sets of these kinds alone, which are then kept whole. Idempotent."""
    await _write(store, await _uses(database, kinds), ())
    await store.mark(kinds)


def _since() -> tuple[datetime, UUID]:
    """Where the last day begins: as a time, and as the first id that a transaction could have then."""
    ms = clock.now_ms() - WINDOW_MS
    return clock.to_datetime(ms), ids.first(ms)


async def _uses(database: Database, kinds: Collection[str]) -> list[tuple[str, int, int]]:
    return [
        (f"{row['kind']}:{row['id']}", hashing.of_64(row["account_id"]), clock.to_ms(row["occurred_at"]))
        for row in await database.fetch("recent_shared", *_since(), sorted(kinds))
    ]


async def _write(
    store: Histories, additions: Sequence[tuple[str, int, int]], slots: Sequence[tuple[int, int, str]]
) -> None:
    for start in range(0, max(len(additions), len(slots)), _PAGE):
        await store.write(Changes({}, additions[start : start + _PAGE], slots[start : start + _PAGE]))


def _history(past: Past, engine: Engine, rates: Mapping[int, Rates]) -> History:
    """An account's history. Each amount is converted as it was when it was decided."""
    events = (
        event.Past(event.of(one.transaction, rates[one.rates_version]), one.outcome is not Outcome.APPROVE)
        for one in past.decided
    )
    return engine.remember(past.account, events, past.sequence)


async def rates(engines: Engines, versions: Iterable[int]) -> dict[int, Rates]:
    """Tables of rates by their version."""
    return {version: await engines.rates(version) for version in versions}


def _slots(latest: Sequence[Row], rates: Mapping[int, Rates]) -> Iterator[tuple[int, int, str]]:
    for row in latest:
        minor = rates[row["rates_version"]].to_minor(row["amount"], row["currency"])
        if minor != MISSING:
            yield peers.slot_of(row["account_id"]), event.log_steps(minor), row["type"]
