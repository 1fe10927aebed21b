"""Answers as they leave: status, body, headers."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
"""The words of ASGI."""

Header = tuple[bytes, bytes]

JSON = b"application/json"

_encoder = msgspec.json.Encoder(decimal_format="string")


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A whole answer."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: tuple[Header, ...] = ()

    async def send(self, send: Send) -> None:
        """Sends it."""
        length = b"%d" % len(self.body)
        headers = [(b"content-type", self.content_type), (b"content-length", length), *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def json(status: int, view: object) -> Answer:
    """An answer that holds a view."""
    return Answer(status, _encoder.encode(view))
