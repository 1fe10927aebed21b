"""Reading request bodies: within limits of size and time, whatever the client announces."""

import asyncio
from collections.abc import Mapping

from riskengine.api.answers import Receive
from riskengine.api.errors import TooLarge, TooSlow, Unsupported

PATIENCE = 15.0
"""Seconds that a body may take to arrive."""

LARGEST = 64 << 20
"""Bytes of the largest body of all: a model's bundle, a file of entries."""

_DISCARDED = 16 << 20
"""Bytes that are read on and thrown away when a body is too large, so that a client that only sends sees the answer."""

Headers = Mapping[bytes, bytes]


class ClientGone(Exception):
    """The client closed the connection: there is nobody to answer."""


def content_type(headers: Headers) -> bytes:
    """What the client says the body is, without parameters."""
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower()


def announced(headers: Headers, limit: int) -> int:
    """Bytes of the body that will be held, of which at most `limit` are read; that many, if the client does not say."""
    length = headers.get(b"content-length")
    if length is None:
        return limit if b"transfer-encoding" in headers else 0
    return min(int(length), limit)


async def read_json(headers: Headers, receive: Receive, limit: int) -> bytes:
    """The body, at most `limit` bytes that say they are JSON. Raises Unsupported, TooLarge, TooSlow, ClientGone."""
    if content_type(headers) != b"application/json":
        raise Unsupported("send the body as JSON, with Content-Type: application/json")
    return await read(headers, receive, limit)


async def read(headers: Headers, receive: Receive, limit: int, patience: float = PATIENCE) -> bytes:
    """The body, at most `limit` bytes within `patience` seconds. Raises Unsupported, TooLarge, TooSlow, ClientGone."""
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Unsupported("send the body as it is, without Content-Encoding")
    try:
        async with asyncio.timeout(patience):
            return await _read(receive, limit)
    except TimeoutError:
        raise TooSlow(patience) from None


async def _read(receive: Receive, limit: int) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body") and len(body) <= limit:  # rare: a small body comes in one piece
        pieces = bytearray(body)
        while message.get("more_body") and len(pieces) <= limit:
            message = await receive()
            pieces += message.get("body", b"")
        body = bytes(pieces)
    if message["type"] == "http.disconnect":
        raise ClientGone
    if len(body) > limit:
        await _discard(message, receive)
        raise TooLarge(limit)
    return body


async def _discard(message: "Mapping[str, object]", receive: Receive) -> None:
    left = _DISCARDED
    while message.get("more_body") and left > 0:
        message = await receive()
        body = message.get("body", b"")
        left -= len(body) if isinstance(body, bytes) else 0
