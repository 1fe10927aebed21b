"""What answers on releases hold: versions, drafts, and what runs where."""

import hashlib
from typing import Annotated

import msgspec
from msgspec import Meta

from riskengine.api.views import Time, time
from riskengine.domain.decision import Versions
from riskengine.domain.release import Draft, DraftState, Kind, ProcessReport, Publication, Release, RunningVersions


class ReleaseView(msgspec.Struct, frozen=True):
    """A published version. `approved_by` is the second person, where one was asked for."""

    kind: Kind
    version: int
    runs: Annotated[bool, Meta(description="whether it is the one that is to run now")]
    created_by: str
    approved_by: str | None
    note: str
    published_at: Time

    @classmethod
    def of(cls, release: Release, runs: RunningVersions) -> "ReleaseView":
        """The release as it is shown."""
        own = {"runs": runs.of(release.kind) == release.version, "published_at": time(release.published_at)}
        return cls(**(msgspec.structs.asdict(release) | own))


class ContentView(msgspec.Struct, frozen=True):
    """What a release or draft holds. Of a model there is no text: ask for application/octet-stream."""

    text: Annotated[str | None, Meta(description="YAML; null for a model")]
    size: Annotated[int, Meta(description="bytes")]
    sha256: str

    @classmethod
    def of(cls, kind: Kind, content: bytes) -> "ContentView":
        """The content as it is shown."""
        text = None if kind is Kind.MODEL else content.decode("utf-8", "replace")
        return cls(text, len(content), hashlib.sha256(content).hexdigest())


class WholeReleaseView(msgspec.Struct, frozen=True):
    """A published version, and what it holds."""

    release: ReleaseView
    content: ContentView


class ReleasesView(msgspec.Struct, frozen=True):
    """All published versions of a kind, newest first."""

    releases: list[ReleaseView]


class DraftView(msgspec.Struct, frozen=True):
    """What is to become a release. `base` is the version it was made from, `version` the one that it became."""

    draft_id: str
    kind: Kind
    base: int | None
    state: DraftState
    created_by: str
    created_at: Time
    note: str
    checked_at: Time | None
    approved_by: str | None
    approved_at: Time | None
    version: int | None

    @classmethod
    def of(cls, draft: Draft) -> "DraftView":
        """The draft as it is shown."""
        times = {
            "draft_id": str(draft.draft_id),
            "created_at": time(draft.created_at),
            "checked_at": _time(draft.checked_at),
            "approved_at": _time(draft.approved_at),
        }
        return cls(**(msgspec.structs.asdict(draft) | times))


class WholeDraftView(msgspec.Struct, frozen=True):
    """A draft, and what it holds."""

    draft: DraftView
    content: ContentView


class DraftsView(msgspec.Struct, frozen=True):
    """The drafts of a kind that are neither published nor discarded, oldest first."""

    drafts: list[DraftView]


class PublicationView(msgspec.Struct, frozen=True):
    """A change of what runs: from `previous` to `version`. A null version: no model runs."""

    generation: int
    kind: str
    version: int | None
    previous: int | None
    action: str
    published_by: str
    note: str
    published_at: Time

    @classmethod
    def of(cls, publication: Publication) -> "PublicationView":
        """The publication as it is shown."""
        return cls(**(msgspec.structs.asdict(publication) | {"published_at": time(publication.published_at)}))


class HistoryView(msgspec.Struct, frozen=True):
    """The last changes of what runs, newest first."""

    publications: list[PublicationView]


class ProcessView(msgspec.Struct, frozen=True):
    """What a living process runs. `problem` says why it cannot run what it should."""

    process_id: str
    role: str
    generation: int
    versions: Versions
    current: Annotated[bool, Meta(description="whether it runs what all are to run")]
    problem: str | None
    started_at: Time
    seen_at: Time

    @classmethod
    def of(cls, report: ProcessReport, runs: RunningVersions) -> "ProcessView":
        """The process as it is shown, beside what is to run."""
        return cls(
            process_id=report.process_id,
            role=report.role,
            generation=report.running.generation,
            versions=report.running.versions,
            current=report.running == runs,
            problem=report.problem,
            started_at=time(report.started_at),
            seen_at=time(report.seen_at),
        )


class RunningView(msgspec.Struct, frozen=True):
    """What all processes are to run, and what each does."""

    generation: int
    versions: Versions
    processes: list[ProcessView]


def _time(ms: int | None) -> str | None:
    return None if ms is None else time(ms)
