"""Keeping rollups: what is decided is added to them within seconds, each decision once."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from uuid import UUID

import msgspec
import structlog
from prometheus_client import Counter, Gauge

from riskengine.domain import clock, ids
from riskengine.domain.errors import Unavailable
from riskengine.state.cache import Cache
from riskengine.state.cache_kinds import HISTORICAL, RECENT
from riskengine.storage import rollups
from riskengine.storage.database import Connection, Database
from riskengine.storage.rollups import Due, Stand

MOST_AT_ONCE = 10_000
"""Decisions added in one transaction: some tenths of a second."""

_PAUSE = 0.05
_counted = Counter("riskengine_rollups_counted_total", "Decisions added to the rollups")
_behind = Gauge("riskengine_rollups_behind_seconds", "Seconds of decisions that the rollups may lack")
_log = structlog.get_logger()


class Turn(msgspec.Struct, frozen=True):
    """What one turn did: `counted` new decisions, `filled` with older ones; `more` says that there is more to do."""

    counted: int = 0
    filled: int = 0
    more: bool = False


class Rollups:
    """Moves the rollups on. Any number may work at once: one at a time has its turn.

    A decision carries the id of the transaction of PostgreSQL that stored it. With ids below the oldest that still
    writes, none can come any more: those are added, and in the same transaction the position moves behind them. So a
    decision is counted once, whatever dies; one of a transaction that is open for long, when that has ended.
    """

    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache
        self._moved: set[str] = set()
        self._said = False

    async def run_once(self) -> Turn:
        """Takes one turn, if nobody else has it. Raises Unavailable."""
        turn = await self._turn()
        _counted.inc(turn.counted)
        await self._invalidate()
        return turn

    async def rebuild(self) -> AsyncIterator[int]:
        """Counts everything anew, beside those who decide and read; says after each page how much is done.

        Also makes the ids go on, if the database came from another server. What is not finished when this ends, workers
        finish. Raises Unavailable.
        """
        async with self._database.connection() as connection, connection.transaction():
            await rollups.wait_for_turn(connection)
            if (await rollups.stand(connection)).foreign:
                await rollups.rebase(connection)
            await rollups.begin(connection, await rollups.stand(connection))
        done = 0
        while (await self.stand()).building is not None:
            done += (turn := await self.run_once()).filled
            if not turn.more:
                await asyncio.sleep(_PAUSE)  # a worker has its turn
            yield done

    async def stand(self) -> Stand:
        """How far the rollups are. Raises Unavailable."""
        async with self._database.connection() as connection:
            return await rollups.stand(connection)

    async def _turn(self) -> Turn:
        async with self._database.connection() as connection, connection.transaction():
            if not await rollups.take_turn(connection):
                return Turn()
            stand = await rollups.stand(connection)
            if stand.foreign:
                self._say()
                return Turn()
            turn = await self._count(connection, stand)
            if stand.building is not None:
                turn = await self._fill(connection, stand, turn)
            return turn

    async def _count(self, connection: Connection, stand: Stand) -> Turn:
        """Adds what is new to all generations, and moves the position."""
        due = await rollups.due(connection, stand.position, stand.oldest, MOST_AT_ONCE + 1)
        position, page = _page(due, max(stand.position, stand.oldest))
        if due.xids and not page:  # one transaction stored more than a page: all of it, or nothing
            position = due.xids[0] + 1
            page = (await rollups.due(connection, due.xids[0], position, None)).transaction_ids
        if page:
            await rollups.add(connection, page, stand.generations)
            self._touch(page)
        as_of = await rollups.move(connection, stand, position)
        _behind.set(0 if as_of is None else max(0.0, (stand.now - as_of).total_seconds()))
        return Turn(counted=len(page), more=position < stand.oldest)

    async def _fill(self, connection: Connection, stand: Stand, turn: Turn) -> Turn:
        """Adds a page of what was there before to the generation under way; after the last page that one is read."""
        assert stand.building is not None
        assert stand.bound is not None
        assert stand.reached is not None
        page = await rollups.stored_before(connection, stand.bound, stand.reached, MOST_AT_ONCE)
        if page:
            await rollups.add(connection, page, [stand.building])
            await rollups.filled(connection, page[-1])
        if len(page) == MOST_AT_ONCE:
            return Turn(turn.counted, len(page), more=True)
        if stand.months is not None and stand.months != stand.attached:  # one was archived, or came back, meanwhile
            await rollups.begin(connection, stand)
            return Turn(turn.counted, len(page), more=True)
        await rollups.finish(connection)
        self._moved |= {RECENT, HISTORICAL}
        _log.info("rollups_rebuilt", generation=stand.building)
        return Turn(turn.counted, len(page), turn.more)

    def _touch(self, transaction_ids: Iterable[UUID]) -> None:
        yesterday = clock.now_ms() // clock.DAY - 1
        for transaction_id in transaction_ids:
            day = ids.created_at_ms(transaction_id) // clock.DAY
            self._moved.add(RECENT if day >= yesterday else HISTORICAL)

    async def _invalidate(self) -> None:
        """Has cached summaries of what changed loaded again. Where that cannot be, they hold for their time at most."""
        for mark in sorted(self._moved):
            try:
                if await self._cache.move(mark):
                    self._moved.discard(mark)
            except Unavailable:
                self._moved.discard(mark)

    def _say(self) -> None:
        if not self._said:
            _log.error("rollups_unsound", remedy="riskengine rollups rebuild")
        self._said = True


def _page(due: Due, end: int) -> tuple[int, Sequence[UUID]]:
    """Where the position is to go, and what is counted on the way: whole transactions only."""
    if len(due.xids) <= MOST_AT_ONCE:
        return end, due.transaction_ids
    position = due.xids[MOST_AT_ONCE]
    return position, due.transaction_ids[: due.xids.index(position)]
