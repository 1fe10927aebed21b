"""What is sent to drafts, publications and rollbacks: bounded, and read."""

import asyncio
from typing import Annotated, Any, cast

import msgspec
from litestar import Request
from msgspec import Meta

from riskengine.api import bodies, payloads
from riskengine.api.answers import Receive
from riskengine.api.bodies import content_type, read
from riskengine.api.errors import Unsupported
from riskengine.domain.errors import FieldError, InvalidInput, Malformed
from riskengine.domain.metadata import NOT_STORABLE, storable
from riskengine.domain.release import Kind
from riskengine.domain.shape import Shape
from riskengine.pipeline import contents
from riskengine.pipeline.contents import HIGHEST_VERSION

LARGEST_TEXT = 1 << 20
"""Bytes of a rule set, a catalogue or rates."""

LARGEST_BUNDLE = bodies.LARGEST
"""Bytes of a model's bundle."""

BUNDLE_PATIENCE = 120.0
"""Seconds that a bundle may take to arrive."""

LONGEST_NOTE = 1000
"""Characters of the reason for a change."""

YAML = (b"application/yaml", b"application/x-yaml", b"text/yaml")
BUNDLE = b"application/octet-stream"

Version = Annotated[int, Meta(ge=1, le=HIGHEST_VERSION)]
Note = Annotated[
    str, Meta(max_length=LONGEST_NOTE, description=f"why: text of at most {LONGEST_NOTE} characters without NUL")
]


class DraftPayload(msgspec.Struct, frozen=True):
    """A draft in JSON."""

    content: Annotated[str, Meta(description="the whole YAML: text")]
    note: Note = ""
    base: Annotated[
        Version | None,
        Meta(description="the version it was made from, by default its own: a version's number, or null"),
    ] = None


class PublishPayload(msgspec.Struct, frozen=True):
    """Why a draft is published; without a note, the draft's own stays."""

    note: Note = ""


class RollbackPayload(msgspec.Struct, frozen=True):
    """Which version is to run again, and why."""

    to: Annotated[
        Version | None, Meta(description="the version to run again: a version's number, or null for no model")
    ]
    note: Note = ""


class DraftContent(msgspec.Struct, frozen=True):
    """A draft as it was sent, in whatever way."""

    content: bytes
    note: str
    base: int | None


_DRAFT, _PUBLISH, _ROLLBACK = Shape(DraftPayload), Shape(PublishPayload), Shape(RollbackPayload)


async def draft(request: Request[Any, Any, Any], kind: Kind, note: str, base: int | None) -> DraftContent:
    """A draft; `note` and `base` are the query's. Raises what bodies raise, Malformed and InvalidInput."""
    headers = dict(request.scope["headers"])
    sent = content_type(headers)
    if kind is Kind.MODEL:
        if sent != BUNDLE:
            raise Unsupported("send the bundle as it is, with Content-Type: application/octet-stream")
        bundle = await read(headers, _receive(request), LARGEST_BUNDLE, BUNDLE_PATIENCE)
        return DraftContent(bundle, _storable(note), base)
    if sent == b"application/json":
        payload = payloads.right(_DRAFT, DraftPayload, await payloads.json_of(request, LARGEST_TEXT))
        content, note, base = payload.content.encode(), payload.note or note, payload.base or base
    elif sent in YAML:
        content = await read(headers, _receive(request), LARGEST_TEXT)
        _refuse_binary(content)
    else:
        raise Unsupported("send YAML, with Content-Type: application/yaml, or JSON that holds it as its content")
    base = await asyncio.to_thread(contents.made_from, kind, content) if base is None else base
    return DraftContent(content, _storable(note), base)


async def publish(request: Request[Any, Any, Any]) -> PublishPayload:
    """Why something is published; nothing need be sent. Raises what bodies raise, Malformed and InvalidInput."""
    headers = dict(request.scope["headers"])
    if not content_type(headers) and not await read(headers, _receive(request), LARGEST_TEXT):
        return PublishPayload()
    payload = payloads.right(_PUBLISH, PublishPayload, await payloads.json_of(request, LARGEST_TEXT))
    return PublishPayload(_storable(payload.note))


async def rollback(request: Request[Any, Any, Any]) -> RollbackPayload:
    """What is to run again. Raises what bodies raise, Malformed and InvalidInput."""
    payload = payloads.right(_ROLLBACK, RollbackPayload, await payloads.json_of(request, LARGEST_TEXT))
    return RollbackPayload(payload.to, _storable(payload.note))


def _receive(request: Request[Any, Any, Any]) -> Receive:
    return cast(Receive, request.receive)


def _storable(note: str) -> str:
    if not storable(note):
        raise InvalidInput((FieldError("note", NOT_STORABLE),))
    return note


def _refuse_binary(content: bytes) -> None:
    try:
        content.decode()
    except UnicodeDecodeError:
        raise Malformed("the body is not text in UTF-8; save the file as UTF-8") from None
