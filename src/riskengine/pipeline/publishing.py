"""Changing what runs: drafts are checked, approved where two people are asked for, and published; or rolled back."""

import asyncio
from collections.abc import Collection
from typing import NoReturn
from uuid import UUID

import structlog

from riskengine.domain.errors import FieldError, Forbidden, InvalidInput, Overloaded, ReleaseConflict
from riskengine.domain.release import Draft, DraftState, Kind, ProcessReport, Publication, Release, RunningVersions
from riskengine.pipeline.building import Builder
from riskengine.pipeline.checking import Candidate, Checks, ColdFeatures, numbered
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.storage import processes, releases, running
from riskengine.storage.database import Connection, Database
from riskengine.storage.running import Change

MOST_TRIES = 20
"""How often what runs may change while a publication is checked; each change means that another publication got on."""

_OPEN = frozenset({DraftState.DRAFT, DraftState.CHECKED, DraftState.APPROVED})
_log = structlog.get_logger()


async def _none_cold(_: Catalogue) -> Collection[str]:
    return ()


class Publishing:
    """What is published runs in every process within a second. What cannot run is refused, and nothing changes.

    A check is made of exactly what would run: if anything of that changes before the publication is committed, the
    check is made again.
    """

    def __init__(
        self, database: Database, builder: Builder, *, approval: bool, cold_features: ColdFeatures = _none_cold
    ) -> None:
        """With `approval`, a draft needs a second person before it can be published."""
        self._database = database
        self._approval = approval
        self._cold_features = cold_features
        self._checks = Checks(builder, cold_features)

    async def draft(self, kind: Kind, content: bytes, by: str, note: str = "", *, base: int | None = None) -> Draft:
        """Keeps a draft, whatever is in it. With `base`, it is published only while that version runs."""
        return await releases.put_draft(self._database, kind, content, base=base, by=by, note=note)

    async def examine(self, kind: Kind, content: bytes, *, base: int | None = None) -> None:
        """Returns if this could be published now; nothing is kept. Raises InvalidInput and ReleaseConflict."""
        await self._fit(kind, content, base, await running.get(self._database))

    async def cold(self, catalogue: Catalogue) -> Collection[str]:
        """Which features of a catalogue were not filled from the past yet: no rule may use them."""
        return await self._cold_features(catalogue)

    async def check(self, draft_id: UUID) -> Draft:
        """Finds a draft fit to run beside what runs now. Raises InvalidInput, NotFound and ReleaseConflict."""
        draft = await self._open(draft_id)
        runs = await running.get(self._database)
        await self._candidate(draft, runs)
        return await releases.checked(self._database, draft_id) or _closed(await self.draft_of(draft_id))

    async def approve(self, draft_id: UUID, by: str) -> Draft:
        """Approves a draft, which must be fit to run. Raises Forbidden for the one who made it, and what `check` does.

        What is approved later cannot be changed: another content is another draft.
        """
        draft = await self._open(draft_id)
        if by == draft.created_by:
            raise Forbidden(f"{by} made this draft; another person must approve it")
        await self.check(draft_id)
        return await releases.approved(self._database, draft_id, by) or _closed(await self.draft_of(draft_id))

    async def discard(self, draft_id: UUID) -> Draft:
        """Ends a draft that is not to be published. Raises NotFound and ReleaseConflict."""
        await self._open(draft_id)
        return await releases.discarded(self._database, draft_id) or _closed(await self.draft_of(draft_id))

    async def publish(self, draft_id: UUID, by: str, note: str = "") -> Publication:
        """Makes a draft the next release of its kind, and runs it. Without a note, the draft's is kept.

        Raises InvalidInput if it cannot run beside what runs, ReleaseConflict if its base runs no more or it is not
        open, Forbidden if it lacks an approval that is asked for, Overloaded if others publish all the time.
        """
        for _ in range(MOST_TRIES):
            draft = await self._open(draft_id)
            if self._approval and draft.state is not DraftState.APPROVED:
                raise Forbidden(f"this draft is not approved; have another person than {draft.created_by} approve it")
            runs = await running.get(self._database)
            candidate = await self._candidate(draft, runs)
            if publication := await self._commit(candidate, runs, by, note or draft.note, draft_id=draft_id):
                return publication
        raise _overtaken()

    async def rollback(self, kind: Kind, version: int | None, by: str, note: str = "") -> Publication:
        """Runs an older release again; of the model also none. It needs no second person: it was published before.

        Raises NotFound, ReleaseConflict if it runs already, InvalidInput if it cannot run beside what runs, Overloaded.
        """
        if version is None and kind is not Kind.MODEL:
            fault = FieldError("version", f"one {kind} must run; name the version to go back to")
            raise InvalidInput((fault,), fault.message)
        content = None if version is None else await releases.content(self._database, kind, version)
        for _ in range(MOST_TRIES):
            runs = await running.get(self._database)
            if runs.of(kind) == version:
                raise ReleaseConflict(f"{_named(kind, version)} runs already; nothing was changed")
            candidate = Candidate(kind, version, content)
            await self._checks.check(candidate, runs)
            if publication := await self._commit(candidate, runs, by, note):
                return publication
        raise _overtaken()

    async def drafts(self, kind: Kind) -> list[Draft]:
        """The open drafts of a kind, oldest first."""
        return await releases.drafts(self._database, kind)

    async def draft_of(self, draft_id: UUID) -> Draft:
        """One draft, open or not. Raises NotFound."""
        return await releases.draft(self._database, draft_id)

    async def draft_content(self, draft_id: UUID) -> bytes:
        """What a draft holds. Raises NotFound."""
        return await releases.draft_content(self._database, draft_id)

    async def releases(self, kind: Kind) -> list[Release]:
        """The releases of a kind, newest first."""
        return await releases.every(self._database, kind)

    async def release(self, kind: Kind, version: int) -> Release:
        """One release. Raises NotFound."""
        return await releases.get(self._database, kind, version)

    async def content(self, kind: Kind, version: int) -> bytes:
        """What was published under that number: YAML; of a model, its bundle. Raises NotFound."""
        return await releases.content(self._database, kind, version)

    async def history(self, kind: Kind | None = None, limit: int = 100) -> list[Publication]:
        """The last changes of what runs, newest first; without a kind those of all, lists included."""
        return await running.history(self._database, kind, limit)

    async def running(self) -> RunningVersions:
        """What all processes are to run."""
        return await running.get(self._database)

    async def processes(self) -> list[ProcessReport]:
        """What each living process runs."""
        return await processes.living(self._database)

    async def _open(self, draft_id: UUID) -> Draft:
        draft = await self.draft_of(draft_id)
        return draft if draft.state in _OPEN else _closed(draft)

    async def _candidate(self, draft: Draft, runs: RunningVersions) -> Candidate:
        """The draft as the release it is to become, found fit to run."""
        content = await releases.draft_content(self._database, draft.draft_id)
        return await self._fit(draft.kind, content, draft.base, runs)

    async def _fit(self, kind: Kind, content: bytes, base: int | None, runs: RunningVersions) -> Candidate:
        """The content as the release it would become. Numbers are given only with a new generation."""
        if base is not None and base != runs.of(kind):
            raise ReleaseConflict(
                f"{_named(kind, runs.of(kind))} runs now, and the draft was made from {base}; "
                "export what runs, and make the change there"
            )
        async with self._database.connection() as connection:
            version = await releases.latest(connection, kind) + 1
        data = await asyncio.to_thread(numbered, kind, content, version)
        candidate = Candidate(kind, version, data)
        await self._checks.check(candidate, runs)
        return candidate

    async def _commit(
        self, candidate: Candidate, checked_with: RunningVersions, by: str, note: str, *, draft_id: UUID | None = None
    ) -> Publication | None:
        """Runs the candidate; None, and nothing done, if what runs is no longer what it was checked with."""
        action = "rollback" if draft_id is None else "publish"
        async with self._database.connection() as connection, connection.transaction():
            if await running.lock(connection) != checked_with:
                return None
            if draft_id is not None:
                await self._keep(connection, draft_id, candidate, note)
            change = Change(candidate.kind, candidate.version, action, by, note)
            publication = await running.change(connection, change)
        _log.info("release_published", kind=candidate.kind.value, version=candidate.version, action=action)
        return publication

    async def _keep(self, connection: Connection, draft_id: UUID, candidate: Candidate, note: str) -> None:
        assert candidate.version is not None, "a draft becomes a release"
        assert candidate.content is not None, "a draft has a content"
        if not await releases.published(connection, draft_id, candidate.version, approval=self._approval):
            raise ReleaseConflict("the draft was published or discarded meanwhile; look at the drafts again")
        await releases.put(connection, draft_id, candidate.version, candidate.content, note)


def _closed(draft: Draft) -> NoReturn:
    """Says that a draft is no longer open."""
    became = f" as {_named(draft.kind, draft.version)}" if draft.state is DraftState.PUBLISHED else ""
    raise ReleaseConflict(f"this draft is {draft.state}{became}; make a new one")


def _named(kind: Kind, version: int | None) -> str:
    return f"no {kind}" if version is None else f"{kind} {version}"


def _overtaken() -> Overloaded:
    return Overloaded("others publish all the time; try again in a second")
