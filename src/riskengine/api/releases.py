"""What decides, over HTTP: rule sets, catalogues, rates and models; drafts of them, publications, rollbacks."""

from typing import Annotated, Any, ClassVar
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from riskengine.api import access, examples, release_bodies
from riskengine.api.described import Described, shows
from riskengine.api.errors import TooLarge, Unsupported
from riskengine.api.release_bodies import LONGEST_NOTE
from riskengine.api.release_described import Drafted, Held, Published, RolledBack
from riskengine.api.release_views import (
    ContentView,
    DraftsView,
    DraftView,
    HistoryView,
    ProcessView,
    PublicationView,
    ReleasesView,
    ReleaseView,
    RunningView,
    WholeDraftView,
    WholeReleaseView,
)
from riskengine.api.service import Service
from riskengine.domain.errors import InvalidInput, Malformed, NotFound, ReleaseConflict
from riskengine.domain.release import Draft, Kind
from riskengine.pipeline.contents import HIGHEST_VERSION

_WITH_A_BODY = (Malformed, TooLarge, Unsupported, InvalidInput)
_OF_A_DRAFT = (NotFound, ReleaseConflict)
_AS_IT_IS = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "application/octet-stream"})


class _Releases(Controller):
    """The handlers, the same for each kind."""

    kind: ClassVar[Kind]

    @get(
        "/",
        summary="All versions",
        operation_class=Described,
        responses=shows(200, ReleasesView, examples.RELEASES, "The versions, newest first"),
    )
    async def releases(self, service: NamedDependency[Service]) -> ReleasesView:
        """Everything that was ever published of this kind; each can be had again, and run again."""
        runs = await service.publishing.running()
        found = await service.publishing.releases(self.kind)
        return ReleasesView([ReleaseView.of(release, runs) for release in found])

    @get(
        "/{version:int}",
        summary="One version, with what it holds",
        operation_class=Held,
        responses=shows(200, WholeReleaseView, examples.WHOLE_RELEASE, "The version", NotFound),
    )
    async def release(
        self, request: Request[Any, Any, Any], service: NamedDependency[Service], version: FromPath[int]
    ) -> Response[Any]:
        """In JSON, or what it holds as it is: the YAML, of a model the bundle, by `Accept`."""
        if not 0 < version <= HIGHEST_VERSION:
            raise NotFound(f"there is no {self.kind} of this number; look for it among the versions")
        content = await service.publishing.content(self.kind, version)
        if _as_it_is(request):
            return _raw(self.kind, content)
        release = await service.publishing.release(self.kind, version)
        shown = ReleaseView.of(release, await service.publishing.running())
        return Response(WholeReleaseView(shown, ContentView.of(self.kind, content)))

    @get(
        "/history",
        summary="Who changed what runs, when and why",
        operation_class=Described,
        responses=shows(200, HistoryView, examples.HISTORY, "The changes, newest first", InvalidInput),
    )
    async def history(
        self,
        service: NamedDependency[Service],
        limit: Annotated[int, QueryParameter(ge=1, le=500, description="at most so many")] = 100,
    ) -> HistoryView:
        """Publications and rollbacks of this kind."""
        found = await service.publishing.history(self.kind, limit)
        return HistoryView([PublicationView.of(publication) for publication in found])

    @post(
        "/drafts",
        summary="Make a draft",
        operation_class=Drafted,
        responses=shows(201, DraftView, examples.DRAFT, "The draft", *_WITH_A_BODY),
    )
    async def make_draft(
        self,
        request: Request[Any, Any, Any],
        service: NamedDependency[Service],
        note: Annotated[str, QueryParameter(max_length=LONGEST_NOTE, description="why, unless the body says so")] = "",
        base: Annotated[
            int | None,
            QueryParameter(ge=1, le=HIGHEST_VERSION, description="the version it was made from, by default its own"),
        ] = None,
    ) -> DraftView:
        """Kept, whatever is in it; nothing runs it yet. It can be published only while its base runs."""
        by = _person(request)
        sent = await release_bodies.draft(request, self.kind, note, base)
        return DraftView.of(
            await service.publishing.draft(self.kind, sent.content, by, sent.note, base=sent.base),
        )

    @get(
        "/drafts",
        summary="Open drafts",
        operation_class=Described,
        responses=shows(200, DraftsView, examples.DRAFTS, "The drafts, oldest first"),
    )
    async def drafts(self, service: NamedDependency[Service]) -> DraftsView:
        """Those that are neither published nor discarded."""
        return DraftsView([DraftView.of(draft) for draft in await service.publishing.drafts(self.kind)])

    @get(
        "/drafts/{draft_id:uuid}",
        summary="One draft, with what it holds",
        operation_class=Held,
        responses=shows(200, WholeDraftView, examples.WHOLE_DRAFT, "The draft", NotFound),
    )
    async def draft(
        self, request: Request[Any, Any, Any], service: NamedDependency[Service], draft_id: FromPath[UUID]
    ) -> Response[Any]:
        """In JSON, or what it holds as it is, by `Accept`."""
        draft = await self._draft(service, draft_id)
        content = await service.publishing.draft_content(draft_id)
        if _as_it_is(request):
            return _raw(self.kind, content)
        return Response(WholeDraftView(DraftView.of(draft), ContentView.of(self.kind, content)))

    @post(
        "/drafts/{draft_id:uuid}/check",
        status_code=200,
        summary="Check a draft",
        operation_class=Described,
        responses=shows(200, DraftView, examples.DRAFT, "It is fit to run", *_OF_A_DRAFT, InvalidInput),
    )
    async def check(
        self, request: Request[Any, Any, Any], service: NamedDependency[Service], draft_id: FromPath[UUID]
    ) -> DraftView:
        """Builds the engine that would run. If there are faults: 422 with all of them, and nothing changes."""
        _person(request)
        await self._draft(service, draft_id)
        return DraftView.of(await service.publishing.check(draft_id))

    @post(
        "/drafts/{draft_id:uuid}/approve",
        status_code=200,
        summary="Approve a draft of somebody else",
        operation_class=Described,
        responses=shows(200, DraftView, examples.DRAFT, "It is approved", *_OF_A_DRAFT, InvalidInput),
    )
    async def approve(
        self, request: Request[Any, Any, Any], service: NamedDependency[Service], draft_id: FromPath[UUID]
    ) -> DraftView:
        """By another key than the one that made it. A draft never changes, so what is approved is what will run."""
        by = _person(request)
        await self._draft(service, draft_id)
        return DraftView.of(await service.publishing.approve(draft_id, by))

    @post(
        "/drafts/{draft_id:uuid}/publish",
        status_code=200,
        summary="Publish a draft",
        operation_class=Published,
        responses=shows(
            200,
            PublicationView,
            examples.PUBLICATION,
            "It is the newest version, and runs",
            *_OF_A_DRAFT,
            *_WITH_A_BODY,
        ),
    )
    async def publish(
        self, request: Request[Any, Any, Any], service: NamedDependency[Service], draft_id: FromPath[UUID]
    ) -> PublicationView:
        """It is checked again, gets the next number, and runs in every process within a second."""
        by = _person(request)
        await self._draft(service, draft_id)
        payload = await release_bodies.publish(request)
        return PublicationView.of(await service.publishing.publish(draft_id, by, payload.note))

    @post(
        "/drafts/{draft_id:uuid}/discard",
        status_code=200,
        summary="Discard a draft",
        operation_class=Described,
        responses=shows(200, DraftView, examples.DRAFT, "It is discarded", *_OF_A_DRAFT),
    )
    async def discard(
        self, request: Request[Any, Any, Any], service: NamedDependency[Service], draft_id: FromPath[UUID]
    ) -> DraftView:
        """It stays to be read, and cannot be published any more."""
        _person(request)
        await self._draft(service, draft_id)
        return DraftView.of(await service.publishing.discard(draft_id))

    @post(
        "/rollback",
        status_code=200,
        summary="Run an older version again",
        operation_class=RolledBack,
        responses=shows(200, PublicationView, examples.PUBLICATION, "It runs again", *_OF_A_DRAFT, *_WITH_A_BODY),
    )
    async def rollback(self, request: Request[Any, Any, Any], service: NamedDependency[Service]) -> PublicationView:
        """Needs no draft and no second person. Of models `to` may be null: none runs."""
        by = _person(request)
        payload = await release_bodies.rollback(request)
        return PublicationView.of(await service.publishing.rollback(self.kind, payload.to, by, payload.note))

    async def _draft(self, service: Service, draft_id: UUID) -> Draft:
        draft = await service.publishing.draft_of(draft_id)
        if draft.kind is not self.kind:
            raise NotFound(f"draft {draft_id} is one of a {draft.kind}; ask for it there")
        return draft


class RuleSets(_Releases):
    """Rule sets."""

    path = "/rulesets"
    tags = ("rule sets",)
    kind = Kind.RULESET


class Catalogues(_Releases):
    """Catalogues of features."""

    path = "/catalogues"
    tags = ("catalogues",)
    kind = Kind.CATALOGUE


class RatesTables(_Releases):
    """Tables of exchange rates."""

    path = "/rates"
    tags = ("rates",)
    kind = Kind.RATES


class Models(_Releases):
    """Models."""

    path = "/models"
    tags = ("models",)
    kind = Kind.MODEL


@get(
    "/rulesets/running",
    summary="What runs, in every process",
    tags=["rule sets"],
    operation_class=Described,
    responses=shows(200, RunningView, examples.RUNNING, "What is to run, and what does"),
)
async def running(service: NamedDependency[Service]) -> RunningView:
    """Versions of all kinds, and for each living process those it runs; `current` says whether they are the same."""
    runs = await service.publishing.running()
    reports = await service.publishing.processes()
    return RunningView(runs.generation, runs.versions, [ProcessView.of(report, runs) for report in reports])


HANDLERS = (RuleSets, Catalogues, RatesTables, Models, running)
"""All of them, to be put under the API's root."""


def _person(request: Request[Any, Any, Any]) -> str:
    """Who changes something, by the key that came. Raises Forbidden if it may not, however its path was spelled."""
    access.require(request.user, "rules")
    return str(request.user.person)


def _as_it_is(request: Request[Any, Any, Any]) -> bool:
    accepted = request.headers.get("accept", "").split(",")
    return any(one.partition(";")[0].strip().lower() in _AS_IT_IS for one in accepted)


def _raw(kind: Kind, content: bytes) -> Response[Any]:
    media_type = "application/octet-stream" if kind is Kind.MODEL else "application/yaml"
    return Response(content, media_type=media_type)
