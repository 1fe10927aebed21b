"""What is done once for several traces: a batch, a group."""

from collections.abc import Mapping, Sequence
from contextvars import Token
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from riskengine.telemetry import current
from riskengine.telemetry.recorded import Recorded
from riskengine.telemetry.span import Span


class Together(Span):
    """Has what is done in its block recorded below the first of several steps, the host; it and the others are linked.

    A span has one parent. So what a batch does is found whole in the trace of its first member (mostly its only one:
    few are traced), and by one link from every other. No step of its own stands between: most traces would pay for it,
    and have nothing of it.
    """

    __slots__ = ("_by_transaction", "_members", "_tokens")

    def __init__(self, members: Sequence[Recorded], by_transaction: Mapping[UUID, Recorded]) -> None:
        """`by_transaction` says which member a transaction belongs to."""
        host, *others = members
        for other in others:
            host.link(other)
            other.link(host)
        self._members = members
        self._by_transaction = by_transaction
        self._tokens: tuple[Token[Any], Token[Any]] | None = None

    def __enter__(self) -> Self:
        self._tokens = current.step.set(self._members[0]), current.members.set(self._by_transaction)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._tokens is not None, "it was entered"
        current.step.reset(self._tokens[0])
        current.members.reset(self._tokens[1])


class Messages(Together):
    """Messages that are sent, or worked on, together: the steps of all of them end with what is done to them."""

    __slots__ = ()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        for member in self._members:
            if kind is not None:
                member.failed(kind.__name__)
            member.end()
