"""A step of the work that is part of a trace."""

from collections.abc import Mapping, Sequence
from contextvars import Token
from types import TracebackType
from typing import ClassVar, Self
from uuid import UUID

from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, format_span_id, format_trace_id

from riskengine.telemetry import current
from riskengine.telemetry.origin import Origin
from riskengine.telemetry.span import Span

Attributes = Mapping[str, str | int]

TRANSACTION_ID = "riskengine.transaction_id"
"""The attribute of a step that is about one transaction."""


class Recorded(Span):
    """A step of a trace, from its making to the end of its block, under OpenTelemetry.

    `request_id` is that of the HTTP request it goes back to, `transaction_id` the one transaction that it is about, if
    it is about one. Inside a step that several share, `members` are theirs, by transaction; else it is None.
    """

    __slots__ = ("_otel", "_token", "_tracer", "members", "request_id", "transaction_id")

    recorded: ClassVar[bool] = True

    def __init__(
        self,
        tracer: trace.Tracer,
        name: str,
        parent: SpanContext | None,
        *,
        request_id: str,
        transaction_id: UUID | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes | None = None,
        others: "Sequence[Recorded]" = (),
    ) -> None:
        """Begins now, below `parent`, which may be of another process; without one, a trace begins.

        `others` are steps of other traces that share it: it is linked to them.
        """
        known = dict(attributes or {})
        if transaction_id is not None:
            known[TRANSACTION_ID] = str(transaction_id)
        around = trace.set_span_in_context(trace.NonRecordingSpan(parent or trace.INVALID_SPAN_CONTEXT))
        links = [Link(other.context) for other in others]
        self._otel = tracer.start_span(name, around, kind=kind, attributes=known, links=links)
        self._tracer = tracer
        self._token: Token[Recorded | None] | None = None
        self.request_id = request_id
        self.transaction_id = transaction_id
        self.members: Mapping[UUID, Recorded] | None = None

    def child(
        self,
        name: str,
        *,
        transaction_id: UUID | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes | None = None,
        others: "Sequence[Recorded]" = (),
    ) -> "Recorded":
        """A step of this one, which begins now."""
        made = Recorded(
            self._tracer,
            name,
            self.context,
            request_id=self.request_id,
            transaction_id=transaction_id,
            kind=kind,
            attributes=attributes,
            others=others,
        )
        made.members = self.members
        return made

    def called(self, system: str, summary: str, count: int = 1) -> "Recorded":
        """The step in which a database is asked for what the summary says, `count` things at once."""
        known: dict[str, str | int] = {"db.system.name": system, "db.query.summary": summary}
        if count > 1:
            known["db.operation.batch.size"] = count
        return self.child(summary, kind=SpanKind.CLIENT, attributes=known)

    @property
    def context(self) -> SpanContext:
        """Which step of which trace it is."""
        return self._otel.get_span_context()

    @property
    def trace_id(self) -> str:
        """As it is written: 32 hexadecimal digits."""
        return format_trace_id(self.context.trace_id)

    @property
    def span_id(self) -> str:
        """As it is written: 16 hexadecimal digits."""
        return format_span_id(self.context.span_id)

    @property
    def origin(self) -> Origin:
        """What a message carries that was sent in this step."""
        traceparent = f"00-{self.trace_id}-{self.span_id}-{self.context.trace_flags:02x}"
        return Origin(traceparent.encode(), self.request_id.encode())

    def about(self, transaction_id: UUID | None) -> "Recorded | None":
        """The step that is about the transaction: of several that share this one, its own; None if it has none.

        Without a transaction, or if nobody shares it, this one.
        """
        if transaction_id is None or self.members is None:
            return self
        return self.members.get(transaction_id)

    def link(self, other: "Recorded") -> None:
        """Says that the other step belongs to it, too, though it is in another trace."""
        self._otel.add_link(other.context)

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
        self._otel.end()

    def set(self, name: str, value: str | int) -> None:
        self._otel.set_attribute(name, value)

    def rename(self, name: str) -> None:
        self._otel.update_name(name)

    def failed(self, error: str) -> None:
        self._otel.set_attribute("error.type", error)
        self._otel.set_status(Status(StatusCode.ERROR))
