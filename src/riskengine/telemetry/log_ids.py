"""Which trace a line of the log belongs to: a processor for structlog."""

from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from riskengine.telemetry import current


def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Adds `trace_id` and `span_id` of the step in which the line is written, if that is part of a trace.

    A line about one transaction gets those of the transaction's own step, and the `request_id` it goes back to; if
    others than this one are traced in its batch, it gets none.
    """
    if current.step.get() is None:
        return event
    transaction_id = None
    if (text := event.get("transaction_id")) is not None:
        with suppress(ValueError):
            transaction_id = UUID(text)
    about = current.about(transaction_id)
    if about is not None:
        event["trace_id"], event["span_id"] = f"{about.place.trace_id:032x}", f"{about.place.span_id:016x}"
        if about.request_id and (transaction_id is not None or current.members.get() is None):
            event.setdefault("request_id", about.request_id)
    return event
