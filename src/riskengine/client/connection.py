"""A keep-alive HTTP/1.1 connection: as little as a client needs, because it shares the machine with what it asks."""

import asyncio
from typing import cast

import httptools
import msgspec

from riskengine.domain.errors import Unavailable


class Response(msgspec.Struct, frozen=True, gc=False):
    """The answer to one request."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """Sends one request at a time and waits for its answer. One that breaks opens anew with the next request."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Response] | None = None

    async def send(self, request: bytes) -> Response:
        """The answer to a whole request (see `requests`). Raises Unavailable if there is none: it may be sent again."""
        loop = asyncio.get_running_loop()
        if self._transport is None:
            try:
                await loop.create_connection(lambda: self, *self._address)
            except OSError as error:
                raise Unavailable("the API") from error
        assert self._transport is not None
        self._answer = loop.create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Ends the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self._begin()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._lose(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(exc)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        response = Response(self._parser.get_status_code(), b"".join(self._body))
        if not self._parser.should_keep_alive():
            self._leave()
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(response)
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []

    def _leave(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _lose(self, cause: Exception | None) -> None:
        self._leave()
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            error = Unavailable("the API")
            error.__cause__ = cause
            answer.set_exception(error)
