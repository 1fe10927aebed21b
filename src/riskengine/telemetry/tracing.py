"""The door to traces: `with tracing.span("store"): ...`. Off until `start` is called.

A step is recorded only below one that is: so what is part of no trace costs a look at a variable. Requests and messages
begin steps; which of them are traced is decided when a request comes in, and carried on with its messages.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from riskengine.domain.errors import ConfigurationError
from riskengine.telemetry import current
from riskengine.telemetry.arrival import Arrival
from riskengine.telemetry.origin import Origin
from riskengine.telemetry.span import NOTHING, Span

if TYPE_CHECKING:  # OpenTelemetry is loaded only where traces are made
    from riskengine.telemetry.exporting import Exporting
    from riskengine.telemetry.recorded import Recorded
    from riskengine.telemetry.recorder import Recorder
    from riskengine.telemetry.sending import Sending

LAST_SENDING = 0.5
"""Seconds that `stop` waits at most for what was not sent yet: a process must leave, whoever collects traces."""

_recorder: "Recorder | None" = None
_exporting: "Exporting | None" = None


def start(*, share: float, endpoint: str, service: str, instance: str) -> None:
    """Has this share of requests traced from now on (0 to 1), and sends the traces to `<endpoint>/v1/traces`.

    `service` and `instance` say who sends them. Raises ConfigurationError if the extra `otlp` is not installed.
    """
    global _recorder, _exporting  # noqa: PLW0603  (a process traces or it does not)
    assert _recorder is None, "it is on already"
    try:
        from riskengine.telemetry.exporting import Exporting
    except ImportError as error:
        raise ConfigurationError(
            'TRACING_SAMPLE needs OpenTelemetry: `pip install "riskengine[otlp]"`, or set TRACING_SAMPLE to 0'
        ) from error
    from riskengine.telemetry.recorder import Recorder

    _exporting = Exporting(endpoint, service, instance)
    _recorder = Recorder(_exporting.take, share)


def stop(seconds: float = LAST_SENDING) -> None:
    """Traces nothing from now on, once what waits is sent or so many seconds have passed. Harmless if nothing was."""
    global _recorder, _exporting
    exporting, _recorder, _exporting = _exporting, None, None
    if exporting is not None:
        exporting.close(seconds)


def on() -> bool:
    """Whether something may be traced."""
    return _recorder is not None


def request(headers: Mapping[bytes, bytes], request_id: bytes) -> Span:
    """The step of an HTTP request that came in; its header `traceparent`, if it has one, says what it belongs to."""
    return NOTHING if _recorder is None else _recorder.request(headers, request_id)


def span(name: str, transaction_id: UUID | None = None) -> Span:
    """A step of what runs now; of the transaction alone, if one is given."""
    above = current.step.get()
    return NOTHING if above is None else above.child(name, transaction_id=transaction_id)


def statement(name: str) -> Span:
    """The step of one SQL statement, which is called by the name of its file. Its parameters are nobody's business."""
    above = current.step.get()
    return NOTHING if above is None else above.called("postgresql", f"{name}.sql")


def commands(summary: str, count: int = 1) -> Span:
    """The step of so many commands to Valkey in one round trip; `summary` says which."""
    above = current.step.get()
    return NOTHING if above is None else above.called("redis", summary, count)


def here() -> "Recorded | None":
    """The step that runs now, to be given to `shared` where its work is done; None if it is part of no trace."""
    return current.step.get()


def shared(steps: "Sequence[Recorded]") -> Span:
    """A block that does something for all these steps, which go on after it: see `Together`."""
    if not steps:
        return NOTHING
    from riskengine.telemetry.together import Together

    return Together(steps, {one.transaction_id: one for one in steps if one.transaction_id is not None})


def origin_of(transaction_id: UUID) -> Origin | None:
    """What a message about the transaction is to carry from here; None if it is not traced."""
    about = current.about(transaction_id)
    return None if about is None else about.origin


def failed(transaction_id: UUID | None, error: str) -> None:
    """Says of the transaction's own step that it failed, with an error of this class."""
    about = current.about(transaction_id)
    if about is not None:
        about.failed(error)


def sending(origins: Sequence[Origin | None]) -> "Sending | None":
    """The steps in which messages of these origins are sent together; None if none of them is traced here."""
    return None if _recorder is None else _recorder.sending(origins)


def processing(arrivals: Sequence[Arrival], count: int) -> Span:
    """The steps in which `count` messages are worked on together, of which these came with their origins."""
    return NOTHING if _recorder is None or not arrivals else _recorder.processing(arrivals, count)
