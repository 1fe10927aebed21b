"""Dead letters: messages that nobody could decide, with all that it takes to find out why."""

from typing import Literal
from uuid import UUID

import msgspec

Status = Literal["open", "replayed", "discarded", "decided"]
STATUSES: tuple[Status, ...] = ("open", "replayed", "discarded", "decided")
"""Where a letter stands: nobody did anything yet; its message was queued again; it was closed for good; or its
transaction is decided, however that came about."""


class Failure(msgspec.Struct, frozen=True):
    """A message that could not be decided, by its own fault, and why.

    `transaction_id` is None, and `body` the message, if it could not be read. `fingerprint` is the same for what failed
    in the same way at the same place; `stack` is where that was. `message_id` is the name `stream` has for the message.
    """

    stream: str
    message_id: str
    transaction_id: UUID | None
    error: str
    error_class: str
    fingerprint: str
    stack: str
    body: bytes | None = None


class DeadLetter(msgspec.Struct, frozen=True):
    """A failure that is kept. Times are milliseconds since the epoch.

    `retry_count` says how often it was tried again; `versions` are those of riskengine and of all that would have
    decided. `changed_at` and `changed_by` tell of the replay or discard, and `note` why.
    """

    letter_id: UUID
    failed_at: int
    stream: str
    message_id: str
    transaction_id: UUID | None
    account_id: str | None
    retry_count: int
    error: str
    error_class: str
    fingerprint: str
    stack: str
    worker: str
    versions: dict[str, int | str | None]
    body: bytes | None
    status: Status
    changed_at: int | None
    changed_by: str | None
    note: str


class Cause(msgspec.Struct, frozen=True):
    """Letters with the same fingerprint: how many, how many of them are open, since when (ms), and the newest one."""

    fingerprint: str
    letters: int
    open: int
    first_seen: int
    last_seen: int
    error_class: str
    error: str
    sample: UUID
