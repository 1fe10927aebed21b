"""Which step of a trace the code runs in at the moment."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from riskengine.telemetry.recorded import Recorded

step: "ContextVar[Recorded | None]" = ContextVar("step", default=None)
"""The step, by task; None if what runs is part of no trace."""

members: "ContextVar[Mapping[UUID, Recorded] | None]" = ContextVar("members", default=None)
"""Where several traces share what runs, their own steps, by transaction; else None."""


def about(transaction_id: UUID | None) -> "Recorded | None":
    """The step that is about the transaction: where several share what runs, its own; None if it has none.

    Without a transaction, or where nobody shares it, the step that runs.
    """
    found = step.get()
    if found is None or transaction_id is None:
        return found
    shared = members.get()
    return found if shared is None else shared.get(transaction_id)
