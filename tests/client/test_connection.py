"""The client's connection, against a server that misbehaves on purpose."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from riskengine.client.connection import Connection
from riskengine.domain.errors import Unavailable

OK = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"

Answering = Callable[[list[bytes]], Awaitable[int]]


@pytest.fixture
async def answering() -> AsyncIterator[Answering]:
    """Starts a server that gives these answers in turn, on as many connections as it takes; empty means: hang up."""
    servers: list[asyncio.Server] = []

    async def start(answers: list[bytes]) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while answers and await reader.read(1000):
                answer = answers.pop(0)
                for byte in answer:  # the worst way to deliver it
                    writer.write(bytes([byte]))
                    await writer.drain()
                if not answer or answer == LAST:
                    break
            writer.close()
            await writer.wait_closed()

        servers.append(await asyncio.start_server(serve, "127.0.0.1", 0))
        return int(servers[-1].sockets[0].getsockname()[1])

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


async def test_answers_in_pieces_are_put_together(answering: Answering) -> None:
    connection = Connection("127.0.0.1", await answering([OK, CHUNKED]))
    first, second = await connection.send(b"a"), await connection.send(b"b")
    connection.close()
    assert (first.status, first.body) == (201, b"{}")
    assert (second.status, second.body) == (200, b"abcde")


async def test_a_connection_that_the_server_ends_opens_anew(answering: Answering) -> None:
    connection = Connection("127.0.0.1", await answering([LAST, OK]))
    first, second = await connection.send(b"a"), await connection.send(b"b")
    connection.close()
    assert (first.body, second.body) == (b"x", b"{}")


async def test_a_broken_connection_is_an_error_and_then_works_again(
    answering: Answering,
) -> None:
    # Given a server that hangs up at the first request
    connection = Connection("127.0.0.1", await answering([b"", OK]))
    # When sent, then the caller may try again, and succeeds
    with pytest.raises(Unavailable):
        await connection.send(b"a")
    assert (await connection.send(b"a")).status == 201
    connection.close()


async def test_nobody_there_is_an_error() -> None:
    with pytest.raises(Unavailable):
        await Connection("127.0.0.1", 1).send(b"a")
