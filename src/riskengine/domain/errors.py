"""The one tree of errors that riskengine raises on purpose.

Each carries a message that says what to do next. `api.problems` maps the tree to HTTP in one place; nothing else
in the engine knows of status codes.
"""

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One thing wrong with one field: its path (`amount`, `transactions[777].currency`) and what to do about it."""

    path: str
    message: str


class RiskEngineError(Exception):
    """Whatever riskengine refuses or cannot do. The message is fit to be shown to the one who asked."""


class InvalidInput(RiskEngineError):
    """The request is well-formed but its content is not acceptable; `fields` names each fault."""

    def __init__(self, fields: tuple[FieldError, ...], message: str = "the request has invalid fields") -> None:
        super().__init__(message)
        self.fields = fields


class Malformed(RiskEngineError):
    """The request could not be read at all (not JSON, not UTF-8)."""


class IdempotencyConflict(RiskEngineError):
    """The idempotency key was used before for another content; `index` is the place in a batch."""

    def __init__(self, idempotency_key: str, index: int | None = None) -> None:
        super().__init__(
            "this idempotency key was used before with other content; send the same content, or choose a new key"
        )
        self.idempotency_key = idempotency_key
        self.index = index


class ReleaseConflict(RiskEngineError):
    """What runs, or the state of the draft, is no longer what the request was made for."""


class NotFound(RiskEngineError):
    """Nothing is stored under the given name."""


class Archived(NotFound):
    """What was asked for lies in a month that was taken out of PostgreSQL, into an archive."""

    def __init__(self, month: object) -> None:
        super().__init__(
            f"all of {month} is archived, and cannot be read here; have it brought back by"
            f" `riskengine partitions restore {month}`"
        )


class PartitionRefused(RiskEngineError):
    """A month cannot be archived, restored or dropped as things stand. Nothing was changed."""


class Unauthenticated(RiskEngineError):
    """No valid API key came with the request."""


class Forbidden(RiskEngineError):
    """The API key is valid, but its scopes do not cover the request."""


class Overloaded(RiskEngineError):
    """There is too much at once; the same request may succeed after `retry_after` seconds.

    `limit` names the limit on work under way that is reached (`bodies`, `waiting`, `under_way`), if it is one.
    """

    def __init__(self, message: str, limit: str | None = None, retry_after: int = 1) -> None:
        super().__init__(message)
        self.limit = limit
        self.retry_after = retry_after


class RateLimited(RiskEngineError):
    """The API key has sent as much as it may; the same request will be taken after `retry_after` seconds.

    That is so if nothing else is sent with the key until then.
    """

    limit = "rate"

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            f"this API key has sent as much as it may; send the same again in {retry_after} "
            f"second{'' if retry_after == 1 else 's'}, and then no faster than the RateLimit headers say"
        )
        self.retry_after = retry_after


class Unavailable(RiskEngineError):
    """A part the engine needs (`postgresql`, `redis`) does not answer; try again after `retry_after` seconds."""

    def __init__(self, part: str, retry_after: int = 1) -> None:
        super().__init__(f"{part} does not answer at the moment; send the same again, with the same idempotency key")
        self.part = part
        self.retry_after = retry_after


class ConfigurationError(RiskEngineError):
    """A setting is missing or wrong; the message names it and says what to set."""
