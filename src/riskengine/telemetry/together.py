"""One step of the work that several traces share: a batch, a group."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self
from uuid import UUID

from riskengine.telemetry.recorded import Attributes, Recorded
from riskengine.telemetry.span import Span


class Together(Span):
    """A step that is below the first of several, the host, and linked with the others, each in its own trace.

    A span has one parent. So what a batch does is found whole in the trace of its first member (mostly its only one:
    few are traced), and by one link from every other, instead of by a link from all of them.
    """

    __slots__ = ("_members", "_step")

    def __init__(
        self,
        name: str,
        members: Sequence[Recorded],
        by_transaction: Mapping[UUID, Recorded],
        attributes: Attributes | None = None,
    ) -> None:
        """It begins now. `by_transaction` says which member a transaction belongs to."""
        host, *others = members
        self._members = members
        self._step = host.child(name, attributes=attributes, others=others)
        self._step.members = by_transaction
        for other in others:
            other.link(self._step)

    def __enter__(self) -> Self:
        self._step.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._step.__exit__(kind, error, trace)


class Messages(Together):
    """Messages that are sent, or worked on, together: each origin's end with what is done to all of them."""

    __slots__ = ()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        for member in self._members:
            if kind is not None:
                member.failed(kind.__name__)
            member.end()
