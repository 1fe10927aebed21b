"""Filling the state of features from the past, while deciding goes on.

From a moment on (`since`) a series counts what is decided as it is decided; what was decided before is counted here.
Each decision says when it was made, so each is counted in just one of the two ways.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import structlog
from prometheus_client import Counter

from riskengine.domain import clock, ids
from riskengine.domain.clock import MINUTE, SECOND
from riskengine.domain.errors import ConfigurationError
from riskengine.domain.outcome import Outcome
from riskengine.domain.release import Kind
from riskengine.domain.validation import MOST_AHEAD
from riskengine.pipeline import cells, rebuild, rounds
from riskengine.pipeline.engines import Engines
from riskengine.pipeline.rounds import Progress
from riskengine.scoring import event
from riskengine.scoring.commons import Commons
from riskengine.scoring.features import catalogue as catalogues
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.memory import Step
from riskengine.state.histories import Histories
from riskengine.state.parts import DONE, Stand
from riskengine.storage import backfills, processes, releases
from riskengine.storage.accounts import Decided
from riskengine.storage.backfills import Era, Filled
from riskengine.storage.database import Database

SETTLE_MS = 25 * SECOND
"""From one moment on all count by themselves; after it, until all decided before are stored: waiting for a connection
and for a statement, 20 s at most, and clocks that differ by 5 s."""

PAGE = 1_000
"""Transactions counted at once: some ten milliseconds of Valkey's time, during which decisions wait."""

LOOK_EVERY = 0.5
"""Seconds between looks at what others do."""

LEASE = 60
"""Seconds after which another process may take over a filling that nobody asked for."""

_counted = Counter("riskengine_backfilled_total", "What was filled from the past: transactions, accounts", ["what"])
_log = structlog.get_logger()


async def cold(histories: Histories, catalogue: Catalogue) -> frozenset[str]:
    """The names of the features whose state is not whole: they are missing. Raises Unavailable."""
    commons = Commons(catalogue.features)
    kept = await histories.kept()
    whole = commons.sets if kept is None else kept  # an emptied server gets its sets with its first batch
    stands = await histories.stands(sorted(commons.series))
    warm = (whole & commons.sets) | {name for name, stand in stands.items() if stand.is_done}
    parts = {name: commons.part(name) for name in catalogue.names}
    return frozenset(name for name, part in parts.items() if part is not None and part not in warm)


class Backfill:
    """Fills what the features of a catalogue are computed from. It may be interrupted, and run by several at once."""

    def __init__(
        self,
        database: Database,
        histories: Histories,
        engines: Engines,
        *,
        settle_ms: int = SETTLE_MS,
        page: int = PAGE,
    ) -> None:
        self._database = database
        self._histories = histories
        self._engines = engines
        self._settle_ms = settle_ms
        self._page = page
        self._needed: dict[int, frozenset[str]] = {}

    async def cold(self, catalogue: Catalogue) -> frozenset[str]:
        """The names of the features whose state is not whole: they are missing. Raises Unavailable."""
        return await cold(self._histories, catalogue)

    async def run(self, catalogue: Catalogue) -> AsyncIterator[Progress]:
        """Fills all that is cold, and what accounts' histories lack. Run again, it goes on where it was.

        Raises ConfigurationError if the catalogue's features are not what this process runs, Unavailable.
        """
        commons = Commons(catalogue.features)
        if not commons.names <= self._engines.engine.commons.names:
            raise ConfigurationError(f"catalogue {catalogue.version} does not run; publish it, then fill its features")
        if await self._histories.kept() is None:
            await rebuild.common(self._database, self._engines, self._histories, commons.sets)
        async for progress in self._sets(commons):
            yield progress
        async for progress in self._series(commons):
            yield progress
        async for progress in self._accounts(catalogue.horizon):
            yield progress

    async def restore(self, catalogue: Catalogue) -> None:
        """Fills what an emptied server lost, unless another process does. What goes wrong is logged."""
        holder = str(uuid4())
        try:
            if not await self._histories.lease(holder, LEASE):
                return
            commons = Commons(catalogue.features)
            async for progress in self._series(commons):
                if not await self._histories.lease(holder, LEASE):
                    return
                _log.info("series_filling", what=progress.what, done=progress.done, total=progress.total)
        except Exception:  # deciding goes on; the features stay missing, which can be seen, and filled by command
            _log.exception("series_fill_failed", catalogue=catalogue.version)

    async def _sets(self, commons: Commons) -> AsyncIterator[Progress]:
        """The sets that are not kept whole yet: those of the last day."""
        cold = commons.sets - (await self._histories.kept() or frozenset())
        if not cold:
            return
        async for progress in self._everybody(commons):
            yield progress
        async for progress in self._until(clock.now_ms() + self._settle_ms):
            yield progress
        await rebuild.sets(self._database, self._histories, cold)
        yield Progress(f"sets by {', '.join(sorted(cold))}", len(cold), len(cold))

    async def _series(self, commons: Commons) -> AsyncIterator[Progress]:
        """Page after page of those that stand at one place. Where each stands is kept in Valkey, with its cells."""
        names = sorted(commons.series)
        while True:
            stands = await self._histories.stands(names)
            new = [name for name in names if name not in stands]
            if new:
                async for progress in self._begin(commons, new):
                    yield progress
                continue
            waiting = [name for name in names if not stands[name].is_done]
            if not waiting:
                return
            stand = stands[waiting[0]]
            group = [name for name in waiting if stands[name] == stand]
            async for progress in self._until(stand.since + self._settle_ms):
                yield progress
            yield await self._count(commons, group, stand)

    async def _begin(self, commons: Commons, names: Sequence[str]) -> AsyncIterator[Progress]:
        """Has series count by themselves from a moment on, once every process does."""
        async for progress in self._everybody(commons):
            yield progress
        since = clock.now_ms() + self._settle_ms + 1
        if not await self._histories.mark(names, since=since):
            await rebuild.common(self._database, self._engines, self._histories, commons.sets)
            return
        await backfills.put(self._database, names, Filled("", 0, 0), finished=False)

    async def _count(self, commons: Commons, names: Sequence[str], stand: Stand) -> Progress:
        """Counts a page of the past. If others were faster, nothing happens."""
        reach = max(commons.series[name].keeps * commons.series[name].grain for name in names)
        era = Era(stand.since - reach - MOST_AHEAD, stand.since + MOST_AHEAD, stand.since)
        after = UUID(stand.position) if stand.position else ids.first(max(era.start, 0))
        page = await backfills.page(self._database, era, after, self._page)
        position = str(page[-1].transaction.transaction_id) if len(page) == self._page else DONE
        steps = [step for step in await self._steps(commons, page) if step.series.name in names]
        total = (era.end - era.start) // MINUTE
        done = total if position == DONE else (backfills.position_ms(position) - era.start) // MINUTE
        if await self._histories.count_past(names, stand, position, cells.additions(steps)):
            _counted.labels("transactions").inc(len(page))
            filled = Filled(position, done, total)
            await backfills.put(self._database, names, filled, finished=position == DONE)
        return Progress(f"minutes of {', '.join(names)}", done, total)

    async def _steps(self, commons: Commons, page: Sequence[Decided]) -> list[Step]:
        """What the transactions add. Each amount is converted as it was when it was decided."""
        tables = await rebuild.rates(self._engines, {one.rates_version for one in page})
        return [
            step
            for one in page
            for step in commons.steps(
                one.transaction,
                event.of(one.transaction, tables[one.rates_version]),
                one.outcome is not Outcome.APPROVE,
            )
        ]

    async def _accounts(self, horizon: int) -> AsyncIterator[Progress]:
        """Has the histories that do not reach back far enough rebuilt, before their accounts come."""
        async for page in rounds.over_accounts(self._database, f"accounts {horizon}"):
            reach = await self._histories.horizons(page.account_ids) if page.account_ids else {}
            await self._rebuild([account_id for account_id, days in reach.items() if days < horizon])
            yield page.progress

    async def _rebuild(self, account_ids: Sequence[str]) -> None:
        await rebuild.all_of(self._database, self._engines, self._histories, account_ids)
        _counted.labels("accounts").inc(len(account_ids))

    async def _everybody(self, commons: Commons) -> AsyncIterator[Progress]:
        """Waits until every living process runs a catalogue that needs all this, and so keeps it."""
        while True:
            living = await processes.living(self._database)
            behind = [one for one in living if not commons.names <= await self._names(one.running.catalogue)]
            yield Progress("processes", len(living) - len(behind), len(living))
            if not behind:
                return
            await asyncio.sleep(LOOK_EVERY)

    async def _names(self, version: int) -> frozenset[str]:
        """What a published catalogue needs."""
        if version not in self._needed:
            content = await releases.content(self._database, Kind.CATALOGUE, version)
            self._needed[version] = Commons(catalogues.load(content).features).names
        return self._needed[version]

    async def _until(self, moment: int) -> AsyncIterator[Progress]:
        """Waits for a moment (ms)."""
        start = clock.now_ms()
        while (now := clock.now_ms()) < moment:
            yield Progress("seconds until all before is stored", (now - start) // SECOND, (moment - start) // SECOND)
            await asyncio.sleep(min(LOOK_EVERY, (moment - now) / SECOND))
