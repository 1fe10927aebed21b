"""A step of the work that is part of a trace."""

import time
from collections.abc import Callable, Mapping
from contextvars import Token
from types import TracebackType
from typing import Literal, Self
from uuid import UUID

from riskengine.telemetry import current
from riskengine.telemetry.origin import Origin
from riskengine.telemetry.place import Place
from riskengine.telemetry.span import Span

Kind = Literal["internal", "server", "client", "producer", "consumer"]
"""What a step is to others, in OpenTelemetry's words."""

TRANSACTION_ID = "riskengine.transaction_id"
"""The attribute of a step that is about one transaction."""


class Recorded(Span):
    """A step of a trace, from its making to the end of its block. When it ends it is given to `take`.

    It is no span of OpenTelemetry's SDK, but all that becomes one when it is sent (see `exporting`): to make that costs
    ten times as much, while somebody waits for an answer.

    `parent` is the step above, which may be of another process; None: a trace begins. `request_id` is that of the HTTP
    request it goes back to, `transaction_id` the one transaction that it is about, if it is about one. Times are
    nanoseconds.
    """

    __slots__ = (
        "_take",
        "_token",
        "attributes",
        "ended",
        "error",
        "kind",
        "links",
        "name",
        "parent",
        "place",
        "request_id",
        "started",
        "transaction_id",
    )

    recorded = True

    def __init__(
        self,
        take: "Callable[[Recorded], object]",
        name: str,
        parent: Place | None,
        *,
        request_id: str,
        transaction_id: UUID | None = None,
        kind: Kind = "internal",
        attributes: Mapping[str, str | int] | None = None,
    ) -> None:
        """Begins now."""
        self._take = take
        self._token: Token[Recorded | None] | None = None
        self.name = name
        self.parent = parent
        self.place = Place.new() if parent is None else parent.below()
        self.request_id = request_id
        self.transaction_id = transaction_id
        self.kind: Kind = kind
        self.attributes = dict(attributes or {})
        if transaction_id is not None:
            self.attributes[TRANSACTION_ID] = str(transaction_id)
        self.links: list[Place] = []
        self.error = False
        self.started = time.time_ns()
        self.ended = 0

    def child(
        self,
        name: str,
        *,
        transaction_id: UUID | None = None,
        kind: Kind = "internal",
        attributes: Mapping[str, str | int] | None = None,
    ) -> "Recorded":
        """A step of this one, which begins now."""
        return Recorded(
            self._take,
            name,
            self.place,
            request_id=self.request_id,
            transaction_id=transaction_id,
            kind=kind,
            attributes=attributes,
        )

    def called(self, system: str, summary: str, count: int = 1) -> "Recorded":
        """The step in which a database is asked for what the summary says, `count` things at once."""
        known: dict[str, str | int] = {"db.system.name": system, "db.query.summary": summary}
        if count > 1:
            known["db.operation.batch.size"] = count
        return self.child(summary, kind="client", attributes=known)

    @property
    def origin(self) -> Origin:
        """What a message carries that was sent in this step."""
        return Origin(self.place.traceparent, self.request_id.encode())

    def link(self, other: "Recorded") -> None:
        """Says that the other step belongs to it, too, though it is in another trace."""
        self.links.append(other.place)

    def __enter__(self) -> Self:
        self._token = current.step.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._token is not None, "it was entered"
        current.step.reset(self._token)
        if kind is not None:
            self.failed(kind.__name__)
        self.end()

    def end(self) -> None:
        """Ends it, for who has no block around it."""
        self.ended = time.time_ns()
        self._take(self)

    def set(self, name: str, value: str | int) -> None:
        self.attributes[name] = value

    def rename(self, name: str) -> None:
        self.name = name

    def failed(self, error: str) -> None:
        self.attributes["error.type"] = error
        self.error = True
