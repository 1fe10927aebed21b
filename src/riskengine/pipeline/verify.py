"""The proof that live equals replay: decisions executed again, and compared with what is stored, to the last bit."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from riskengine.domain import ids
from riskengine.domain.errors import ConfigurationError, NotFound
from riskengine.domain.release import Kind
from riskengine.pipeline.engines import Engines
from riskengine.pipeline.proof.found import Found
from riskengine.pipeline.proof.judging import Judging
from riskengine.pipeline.proof.remembering import Remembering
from riskengine.pipeline.proof.report import Report
from riskengine.pipeline.proof.sharing import WARM_UP, Sharing
from riskengine.scoring.features import catalogue as catalogues
from riskengine.storage import archives, releases, replays
from riskengine.storage.attributes import Attributes
from riskengine.storage.database import Database
from riskengine.storage.replays import Executed, Replays, Span

Watch = Callable[[int, int], None]
"""(done, total): told now and then how far it has got."""


async def verify(
    database: Database, engines: Engines, span: Span, *, shared: bool = True, watch: Watch = lambda _, __: None
) -> Report:
    """Executes the decisions of a span again, with the versions they name and in their account's order.

    Features of accounts come from replaying their histories; all that follows comes from the stored features. With
    `shared`, what accounts share is replayed, too, for information; of a single account there is nothing to share.
    Nothing is executed before the end of the latest archived month, and decisions that need more are said to be beyond.
    Reads only, and may run beside live traffic. Needs two connections. Raises Unavailable.
    """
    started = time.monotonic()
    archived = await archives.end_ms(database)
    span = msgspec.structs.replace(span, since=max(span.since, archived))
    sharing = Sharing(whole=span.since == 0) if shared and span.account_id is None else None
    async with Replays.reading(database) as reading:
        return await _Verification(database, engines, span, watch, archived).run(reading, started, sharing)


class _Verification:
    """One run: first in the order of the decisions, then account by account."""

    def __init__(self, database: Database, engines: Engines, span: Span, watch: Watch, archived: int) -> None:
        self._database = database
        self._engines = engines
        self._span = span
        self._watch = watch
        self._archived = archived
        self._features, self._rest = Found(), Found()
        self._judging = Judging(engines, self._rest)
        self._done = self._total = 0

    async def run(self, reading: Replays, started: float, sharing: Sharing | None) -> Report:
        await self._judge(reading, sharing)
        await self._replay(reading)
        features, rest = self._features, self._rest
        differing = features.differing | rest.differing
        return Report(
            total=self._judging.versions.total(),
            differing=len(differing),
            beyond=len(features.beyond - differing),
            differences=(*features.differences, *rest.differences),
            shared=sharing.figures if sharing else (),
            versions=dict(self._judging.versions),
            seconds=time.monotonic() - started,
            archived=self._archived,
        )

    async def _judge(self, reading: Replays, sharing: Sharing | None) -> None:
        warm_up = WARM_UP if sharing else 0
        span = msgspec.structs.replace(self._span, since=max(0, self._span.since - warm_up))
        self._total = 2 * await reading.order(span)
        async for page in reading.decided(self._database):
            attributes = await Attributes.read(self._database, {one.decision.verdict.account_id for one in page})
            within = [one for one in page if _created(one) >= self._span.since]
            await self._judging.take(within, attributes)
            if sharing:
                await self._share(sharing, page, attributes)
            self._tell(len(page))

    async def _share(self, sharing: Sharing, page: Sequence[Executed], attributes: Attributes) -> None:
        for one in page:
            verdict = one.decision.verdict
            engine = await self._judging.engine(verdict.versions)
            if engine is None or one.transaction is None or len(verdict.features) != len(engine.catalogue.features):
                continue
            account = attributes.at(verdict.account_id, one.decision.account_sequence)
            sharing.take(one.transaction, account, engine, verdict, compare=_created(one) >= self._span.since)

    async def _replay(self, reading: Replays) -> None:
        horizons = await _horizons(self._database)
        remembering = Remembering(self._engines, self._features, self._judging.engines, horizons)
        floor = remembering.floor(self._span.since, self._archived)
        async for account_ids in reading.accounts(self._span):
            attributes = await Attributes.read(self._database, account_ids)
            async for page in reading.histories(account_ids, self._span, floor):
                self._tell(await remembering.take(page, attributes))
        self._tell(self._total)

    def _tell(self, more: int) -> None:
        self._done = min(self._done + more, self._total)
        self._watch(self._done, self._total)


def _created(one: Executed) -> int:
    return ids.created_at_ms(one.decision.verdict.transaction_id)


async def _horizons(database: Database) -> set[int]:
    """How many days the histories reached back under each catalogue that ever ran and can still be read."""
    horizons = set()
    for version in await replays.catalogues(database):
        with suppress(NotFound, ConfigurationError):
            horizons.add(catalogues.load(await releases.content(database, Kind.CATALOGUE, version)).horizon)
    return horizons
