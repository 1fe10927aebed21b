"""Errors as answers, all of them here: RFC 9457 `application/problem+json`, with no more than the sender needs."""

import msgspec
import structlog
from prometheus_client import Counter

from riskengine.api.answers import Answer, Header
from riskengine.api.errors import DecisionPending, MethodNotAllowed, TooLarge, TooSlow, Unsupported
from riskengine.api.refusals import Refusals
from riskengine.domain.errors import (
    Archived,
    FieldError,
    Forbidden,
    IdempotencyConflict,
    InvalidInput,
    Malformed,
    NotFound,
    Overloaded,
    RateLimited,
    ReleaseConflict,
    RiskEngineError,
    Unauthenticated,
    Unavailable,
)
from riskengine.pipeline.immediate import NotYetDecided

CONTENT_TYPE = b"application/problem+json"

_PREFIX = "urn:riskengine:problem:"
_answered = Counter("riskengine_problems_total", "Requests answered with a problem", ["problem"])
_refusals = Refusals()
_encoder = msgspec.json.Encoder()
_log = structlog.get_logger()


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457: `type` names the kind of problem and never changes, `detail` says what to do about this one."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FieldError, ...] = ()


class Kind(msgspec.Struct, frozen=True):
    """A kind of problem: the last part of its type, its title and its status."""

    name: str
    title: str
    status: int


KINDS: dict[type[Exception], Kind] = {
    Malformed: Kind("malformed", "The request cannot be read", 400),
    Unauthenticated: Kind("unauthenticated", "A valid API key is needed", 401),
    Forbidden: Kind("forbidden", "The API key does not allow this", 403),
    NotFound: Kind("not-found", "There is nothing here", 404),
    Archived: Kind("archived", "It lies in an archived month", 410),
    DecisionPending: Kind("decision-pending", "Not decided yet", 404),
    MethodNotAllowed: Kind("method-not-allowed", "The path does not take this method", 405),
    TooSlow: Kind("too-slow", "The request did not arrive in time", 408),
    IdempotencyConflict: Kind("idempotency-conflict", "The idempotency key was used before", 409),
    ReleaseConflict: Kind("release-conflict", "What runs, or the draft, has changed meanwhile", 409),
    TooLarge: Kind("too-large", "The body is too large", 413),
    Unsupported: Kind("unsupported", "The body is of a kind that is not read here", 415),
    InvalidInput: Kind("invalid-input", "The request has invalid fields", 422),
    RateLimited: Kind("rate-limited", "The API key has sent as much as it may", 429),
    Overloaded: Kind("overloaded", "Too much at once", 503),
    Unavailable: Kind("unavailable", "A part of the engine does not answer", 503),
    NotYetDecided: Kind("not-yet-decided", "Accepted, and not decided yet", 503),
    RiskEngineError: Kind("refused", "The request is refused", 400),
    Exception: Kind("internal", "Something went wrong here", 500),
}
"""Every error the API may meet; one that is not here is of its nearest ancestor's kind."""


def answer(error: Exception) -> Answer:
    """The answer to a request that ended in this error. What nobody foresaw is logged, and not told."""
    kind = next(KINDS[cls] for cls in type(error).__mro__ if cls in KINDS)
    _answered.labels(kind.name).inc()
    limit = limit_reached(error)
    if limit is not None:
        _refusals.note(limit)
    detail = str(error)
    if not isinstance(error, RiskEngineError):
        _log.error("request_failed", exc_info=error)
        detail = "the request failed for a reason that is in the log; its X-Request-ID finds it"
    problem = Problem(_PREFIX + kind.name, kind.title, kind.status, detail, _errors(error))
    return Answer(kind.status, _encoder.encode(problem), CONTENT_TYPE, _headers(error))


def limit_reached(error: Exception) -> str | None:
    """The limit that a request was refused for, if it was for one."""
    return error.limit if isinstance(error, Overloaded | RateLimited) else None


def sample(error: type[Exception]) -> dict[str, object]:
    """What a problem looks like, for the documentation."""
    kind = KINDS[error]
    shown: dict[str, object] = {
        "type": _PREFIX + kind.name,
        "title": kind.title,
        "status": kind.status,
        "detail": "...",
    }
    if error is InvalidInput:
        shown["errors"] = [{"path": "currency", "message": "must be an ISO 4217 code, such as EUR"}]
    return shown


def _errors(error: Exception) -> tuple[FieldError, ...]:
    if isinstance(error, InvalidInput):
        return error.fields
    if isinstance(error, IdempotencyConflict) and error.index is not None:
        return (FieldError(f"transactions[{error.index}].idempotency_key", str(error)),)
    return ()


def _headers(error: Exception) -> tuple[Header, ...]:
    match error:
        case Overloaded() | RateLimited() | Unavailable() | DecisionPending():
            return ((b"retry-after", b"%d" % error.retry_after),)
        case Unauthenticated():
            return ((b"www-authenticate", b'Bearer realm="riskengine"'),)
        case MethodNotAllowed():
            return ((b"allow", error.allow.encode()),)
        case TooLarge() | TooSlow():
            return ((b"connection", b"close"),)
        case _:
            return ()
