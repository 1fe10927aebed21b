"""From a row to a submission: its id and its key are functions of its content, so that a row read twice is one."""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from riskengine.domain import clock, validation
from riskengine.domain.errors import FieldError, InvalidInput
from riskengine.domain.transaction import Submission
from riskengine.lab import identity

LATEST = clock.to_ms(datetime(3000, 1, 1, tzinfo=UTC))
"""A file may tell of the future, as simulations do, though not of any: each month is a partition."""

UUID_LENGTH = 36
"""Characters of a UUID as it is usually written."""

_MISSING = FieldError("occurred_at", "is missing; a file must say when each transaction happened")


def submission(fields: dict[str, Any], reference: str | None) -> Submission:
    """The submission of a row's fields; `reference` is the transaction_id of the row. Raises InvalidInput.

    A reference that is a UUIDv7 becomes the id, so that its time is when the transaction was created. Otherwise the id
    is made of the content, and created when the transaction occurred. So is the key, if the row has none.
    """
    if "occurred_at" not in fields:
        raise InvalidInput((_MISSING,))
    sent = validation.from_values(fields, LATEST)
    digest = blake2b(sent.content + (reference or "").encode(), digest_size=16).digest()
    made = identity.identify(sent.transaction.occurred_at, int.from_bytes(digest, "big"))
    return replace(
        sent,
        transaction=replace(sent.transaction, transaction_id=_uuid7(reference) or made),
        idempotency_key=sent.idempotency_key if "idempotency_key" in fields else f"import-{digest.hex()}",
    )


def _uuid7(reference: str | None) -> UUID | None:
    if reference is None or len(reference) != UUID_LENGTH:
        return None
    try:
        found = UUID(reference)
    except ValueError:
        return None
    return found if found.version == 7 else None
