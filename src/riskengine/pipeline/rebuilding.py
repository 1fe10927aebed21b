"""Making again all that scoring remembers, from PostgreSQL, while deciding goes on."""

from collections.abc import AsyncIterator

from riskengine.pipeline import rebuild, rounds
from riskengine.pipeline.backfill import Backfill
from riskengine.pipeline.engines import Engines
from riskengine.pipeline.rounds import Progress
from riskengine.state.histories import Histories
from riskengine.storage.database import Database

ROUND = "histories"
"""The name under which it is noted how far a rebuilding is."""


class Rebuilding:
    """Rebuilds what is kept of every account and of what accounts share. If interrupted, a second run goes on."""

    def __init__(self, database: Database, histories: Histories, engines: Engines, backfill: Backfill) -> None:
        self._database = database
        self._histories = histories
        self._engines = engines
        self._backfill = backfill

    async def run(self) -> AsyncIterator[Progress]:
        """Rebuilds sets and the sample of peers, the series that are not whole, and all accounts' histories.

        What is there of an account is dropped first, so that a damaged history does not survive. Raises Unavailable.
        """
        engine = self._engines.engine
        await rebuild.common(self._database, self._engines, self._histories, engine.commons.sets)
        yield Progress("what accounts share", 1, 1)
        async for progress in self._backfill.run(engine.catalogue):
            yield progress
        async for page in rounds.over_accounts(self._database, ROUND):
            await rebuild.all_of(self._database, self._engines, self._histories, page.account_ids, anew=True)
            yield Progress("histories", page.progress.done, page.progress.total)
