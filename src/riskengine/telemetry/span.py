"""A step of the work, which may be part of a trace."""

from types import TracebackType
from typing import ClassVar, Self


class Span:
    """A step that is part of no trace: the block runs, and nothing else happens. What is traced is `Recorded`.

    It is a context manager, for one block at a time if it is recorded.
    """

    __slots__ = ()

    recorded: ClassVar[bool] = False
    """Whether it is part of a trace: for what costs something to find out about it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def set(self, name: str, value: str | int) -> None:
        """Says something about it. Never what belongs to a person: no account, amount, address, nor an error's text."""

    def rename(self, name: str) -> None:
        """Names it, when that is known only now."""

    def failed(self, error: str) -> None:
        """Says that it failed, and in which way: the name of an error's class, or a status."""


NOTHING = Span()
"""The step that is part of no trace."""
