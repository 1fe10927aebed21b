"""What answers on dead letters hold."""

from base64 import b64encode
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from riskengine.api.views import Time, time
from riskengine.domain.dead_letter import Cause, DeadLetter, Status
from riskengine.pipeline.dead_letters import Discarded, LeftAlone, Replayed


class LetterView(msgspec.Struct, frozen=True):
    """A dead letter. `transaction_id` and `account_id` are null if its message could not be read."""

    letter_id: UUID
    status: Status
    failed_at: Time
    transaction_id: UUID | None
    account_id: str | None
    retry_count: Annotated[int, Meta(description="how often it was tried again")]
    error: str
    error_class: str
    fingerprint: Annotated[str, Meta(description="the same for what failed in the same way at the same place")]
    changed_at: Annotated[Time | None, Meta(description="when it was replayed or discarded")]
    changed_by: str | None
    note: str

    @classmethod
    def of(cls, letter: DeadLetter) -> "LetterView":
        """The letter as it is shown among others."""
        changed_at = None if letter.changed_at is None else time(letter.changed_at)
        own = {"failed_at": time(letter.failed_at), "changed_at": changed_at}
        return cls(**{name: getattr(letter, name) for name in cls.__struct_fields__} | own)


class LettersView(msgspec.Struct, frozen=True):
    """Dead letters, newest first. `next_cursor` leads to those before them; it is null at the end."""

    letters: list[LetterView]
    next_cursor: str | None


class WholeLetterView(msgspec.Struct, frozen=True):
    """A dead letter with all that is known of it."""

    letter: LetterView
    stack: str
    worker: str
    versions: Annotated[dict[str, int | str | None], Meta(description="of riskengine and all that would have decided")]
    stream: str
    message_id: Annotated[str, Meta(description="the stream's name for the delivery that failed last")]
    body: Annotated[str | None, Meta(description="the message in base64, if it could not be read")]

    @classmethod
    def of(cls, letter: DeadLetter) -> "WholeLetterView":
        """The letter as it is shown alone."""
        body = None if letter.body is None else b64encode(letter.body).decode()
        shown = LetterView.of(letter)
        return cls(shown, letter.stack, letter.worker, letter.versions, letter.stream, letter.message_id, body)


class CauseView(msgspec.Struct, frozen=True):
    """Letters with the same fingerprint; error and sample are those of the newest."""

    fingerprint: str
    letters: int
    open: int
    first_seen: Time
    last_seen: Time
    error_class: str
    error: str
    sample: UUID

    @classmethod
    def of(cls, cause: Cause) -> "CauseView":
        """The cause as it is shown."""
        times = {"first_seen": time(cause.first_seen), "last_seen": time(cause.last_seen)}
        return cls(**(msgspec.structs.asdict(cause) | times))


class CausesView(msgspec.Struct, frozen=True):
    """Why letters were made, the cause seen last first."""

    causes: list[CauseView]


_More = Annotated[bool, Meta(description="whether it ended at its limit; say it again for the rest")]


class ReplayedView(msgspec.Struct, frozen=True):
    """What a replay did."""

    transactions: Annotated[int, Meta(description="queued again, one after the other at the rate")]
    messages: Annotated[int, Meta(description="that could not be read once, and are in the queue again")]
    left_alone: Annotated[tuple[LeftAlone, ...], Meta(description="letters with which nothing was done, and why")]
    more: _More

    @classmethod
    def of(cls, replayed: Replayed) -> "ReplayedView":
        """The replay as it is shown."""
        return cls(**msgspec.structs.asdict(replayed))


class DiscardedView(msgspec.Struct, frozen=True):
    """What a discard did."""

    letters: Annotated[int, Meta(description="that are closed now")]
    left_alone: Annotated[tuple[LeftAlone, ...], Meta(description="letters with which nothing was done, and why")]
    more: _More

    @classmethod
    def of(cls, discarded: Discarded) -> "DiscardedView":
        """The discard as it is shown."""
        return cls(**msgspec.structs.asdict(discarded))
