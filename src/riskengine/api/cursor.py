"""Cursors: where a page ended, as text that clients only hand back."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID


def after(last: UUID) -> str:
    """The cursor that leads on from a transaction or letter, by its id."""
    return urlsafe_b64encode(last.bytes).decode().rstrip("=")


def read(cursor: str) -> UUID:
    """The id that a cursor leads on from. Raises ValueError if it is none of ours."""
    return UUID(bytes=urlsafe_b64decode(cursor.encode() + b"=="))
