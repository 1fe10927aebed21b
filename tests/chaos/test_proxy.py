"""The proxy: it passes everything on, until it is told not to."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from riskengine.chaos.proxy import Proxy, Way

LARGE = bytes(range(256)) * 4096


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """The port of a server that gives back what it gets."""

    async def give_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(give_back, "127.0.0.1", 0)
    yield int(server.sockets[0].getsockname()[1])
    server.close()


@pytest.fixture
def proxy(echo: int) -> Iterator[Proxy]:
    """A proxy before it."""
    with Proxy(lambda: echo) as proxy:
        yield proxy


@asynccontextmanager
async def connected(proxy: Proxy) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def echoed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> bytes:
    writer.write(data)
    return await asyncio.wait_for(reader.readexactly(len(data)), 20)


async def test_what_is_sent_arrives_whole(proxy: Proxy) -> None:
    async with connected(proxy) as (reader, writer):
        assert await echoed(reader, writer, LARGE) == LARGE
        assert proxy.connections == 1


async def test_an_end_is_passed_on(proxy: Proxy) -> None:
    async with connected(proxy) as (reader, writer):
        await echoed(reader, writer, b"hello")
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 20) == b""


async def test_a_cut_ends_connections_and_new_ones_work(proxy: Proxy) -> None:
    async with connected(proxy) as (reader, writer):
        await echoed(reader, writer, b"hello")
        # When cut
        proxy.cut()
        # Then the connection is gone, and another one can be made
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await echoed(reader, writer, b"hello")
    async with connected(proxy) as (reader, writer):
        assert await echoed(reader, writer, b"again") == b"again"


async def test_new_connections_are_refused_and_old_ones_stay(proxy: Proxy) -> None:
    async with connected(proxy) as (reader, writer):
        await echoed(reader, writer, b"hello")
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", proxy.port)
        assert await echoed(reader, writer, b"old") == b"old"
    proxy.restore()
    async with connected(proxy) as (reader, writer):
        assert await echoed(reader, writer, b"new") == b"new"


@pytest.mark.parametrize("ways", [(Way.ASKED,), (Way.ANSWERED,), tuple(Way)])
async def test_a_stall_is_in_the_middle_and_loses_nothing(proxy: Proxy, ways: tuple[Way, ...]) -> None:
    async with connected(proxy) as (reader, writer):
        await echoed(reader, writer, b"hello")
        # When stalled, then of what is sent next less arrives than was sent
        proxy.stall(*ways)
        writer.write(b"12345678")
        arrived = await asyncio.wait_for(reader.read(100), 20)
        assert 0 < len(arrived) < 8
        # And the rest comes when it goes on
        proxy.restore()
        assert arrived + await asyncio.wait_for(reader.readexactly(8 - len(arrived)), 20) == b"12345678"


async def test_nobody_there_ends_the_connection(echo: int) -> None:
    with Proxy(lambda: 1) as proxy:
        async with connected(proxy) as (reader, _):
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await asyncio.wait_for(reader.readexactly(1), 20)
