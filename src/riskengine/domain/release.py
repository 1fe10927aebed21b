"""Releases: rule sets, catalogues, rates and models as numbered data, and what of them runs."""

from enum import StrEnum
from uuid import UUID

import msgspec

from riskengine.domain.decision import Versions


class Kind(StrEnum):
    """What there are releases of."""

    RULESET = "ruleset"
    CATALOGUE = "catalogue"
    RATES = "rates"
    MODEL = "model"


class DraftState(StrEnum):
    """How far a draft has come. It is `checked` when it was found fit to run beside what else ran then."""

    DRAFT = "draft"
    CHECKED = "checked"
    APPROVED = "approved"
    PUBLISHED = "published"
    DISCARDED = "discarded"


class Release(msgspec.Struct, frozen=True):
    """A published version. Its content is immutable. `published_at` is milliseconds since the epoch.

    `approved_by` is the second person, where one was asked for.
    """

    kind: Kind
    version: int
    created_by: str
    approved_by: str | None
    note: str
    published_at: int


class Draft(msgspec.Struct, frozen=True):
    """What is to become a release. Times are milliseconds since the epoch.

    `base` is the version it was made from: it is refused if another runs by then. `version` is the release it became.
    """

    draft_id: UUID
    kind: Kind
    base: int | None
    state: DraftState
    created_by: str
    created_at: int
    note: str
    checked_at: int | None
    approved_by: str | None
    approved_at: int | None
    version: int | None


class Publication(msgspec.Struct, frozen=True):
    """A change of what runs: who made it, when (milliseconds since the epoch) and why.

    `kind` is one of `Kind`, or `lists`; `action` is `publish`, `rollback`, or `change` (of lists). `version` is None if
    the model was taken out of service, `previous` if there was none before.
    """

    generation: int
    kind: str
    version: int | None
    previous: int | None
    action: str
    published_by: str
    note: str
    published_at: int


class RunningVersions(msgspec.Struct, frozen=True):
    """What all processes are to run. Each change has a `generation` of its own, one above the last."""

    generation: int
    ruleset: int
    catalogue: int
    rates: int
    model: int | None
    lists: int

    @property
    def versions(self) -> Versions:
        """The versions, as decisions name them."""
        return Versions(self.ruleset, self.catalogue, self.rates, self.lists, self.model)

    def of(self, kind: Kind) -> int | None:
        """The version of that kind; None without a model."""
        version: int | None = getattr(self, kind.value)
        return version


class ProcessReport(msgspec.Struct, frozen=True):
    """What a living process runs. Times are milliseconds since the epoch; `role` is `api` or `worker`.

    `problem` says why it cannot run what it should; None if it can, or has not tried yet. `rate` is transactions that
    it decides a second.
    """

    process_id: str
    role: str
    started_at: int
    seen_at: int
    running: RunningVersions
    problem: str | None
    rate: float
