"""Valkey away, back, full or unwilling: what callers hear, and what the breaker makes of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from redis.asyncio import Redis

from riskengine.domain.errors import Unavailable
from riskengine.resilience import redis as connections
from riskengine.resilience.breaker import Breaker, Limits, NotAsked, State
from riskengine.stack.valkey import Valkey
from riskengine.state.histories import Histories
from riskengine.state.parts import Changes
from riskengine.streaming.partitioned_stream import PartitionedStream
from tests import factories
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("redis", Limits(failures=3, open_ms=1_000, probes=1), clock)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    """A server that the test may do to what it likes."""
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def client(server: Valkey) -> AsyncIterator[Redis]:
    client = connections.connect(server.url, "test")
    yield client
    await client.aclose()


@pytest.fixture
def queue(client: Redis, breaker: Breaker) -> PartitionedStream:
    return PartitionedStream(client, breaker=breaker)


@pytest.fixture
def histories(client: Redis, breaker: Breaker) -> Histories:
    return Histories(client, shared_members=3, shared_window_ms=1000, breaker=breaker)


async def test_a_server_that_dies_is_left_alone_and_used_again_when_it_is_back(
    server: Valkey, queue: PartitionedStream, histories: Histories, breaker: Breaker, clock: Clock
) -> None:
    # Given a server that stops
    await queue.publish(factories.outgoing(b"a"))
    server.stop()
    # When calls of queue and histories fail
    for call in (queue.depth, histories.ping, lambda: queue.publish(factories.outgoing(b"b"))):
        with pytest.raises(Unavailable) as raised:
            await call()
        assert not isinstance(raised.value, NotAsked)
    # Then both leave it alone: of whoever calls now nobody reaches its port
    assert breaker.state is State.OPEN
    reached = 0

    def reach(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal reached
        reached += 1
        writer.close()

    async with await asyncio.start_server(reach, "127.0.0.1", server.port):
        for _ in range(10):
            for call in (queue.depth, histories.ping):
                with pytest.raises(NotAsked):
                    await call()
        assert reached == 0
    # When it is back, and its time has come
    server.start()
    clock.seconds += 1
    assert await queue.depth() == 0
    # Then both use it as before
    assert breaker.state is State.CLOSED
    await histories.ping()


async def test_a_server_that_stalls_is_left_alone(
    server: Valkey, breaker: Breaker, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a server that takes connections and answers nothing, which clients wait for no longer than an instant
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr(connections, "ANSWER_TIMEOUT", 0.02)
    server.stop()
    async with await asyncio.start_server(silent, "127.0.0.1", server.port):
        client = connections.connect(server.url, "test")
        queue = PartitionedStream(client, breaker=breaker)
        # When a handful of reads wait for it together
        reads = [queue.read("one", 1, 1) for _ in range(5)]
        ended = await asyncio.gather(*reads, return_exceptions=True)
        # Then that was enough
        assert all(isinstance(end, Unavailable) for end in ended)
        assert breaker.state is State.OPEN
        await client.aclose()


async def test_a_full_server_can_be_emptied(
    client: Redis, queue: PartitionedStream, histories: Histories, breaker: Breaker
) -> None:
    # Given messages on a server that then is full
    await queue.publish(factories.outgoing(b"a", b"b"))
    await histories.write(Changes({"account": b"0123456789"}, [], []))
    await queue.read("dead", 1, 1)
    await client.config_set("maxmemory-policy", "noeviction")
    await client.config_set("maxmemory", "1")
    # When it is written to, by commands and by scripts, again and again
    for _ in range(4):
        with pytest.raises(Unavailable):
            await queue.publish(factories.outgoing(b"c"))
        with pytest.raises(Unavailable):
            await histories.write(Changes({}, [("device", 1, 1)], []))
        with pytest.raises(Unavailable):
            await histories.write(Changes({"account": b"9999999999" * 20}, [], []))
    # Then it is not left alone: what is there is read, taken over, acknowledged
    assert breaker.state is State.CLOSED
    taken = [*await queue.take_over("one", 0, 10), *await queue.read("one", 10, 1)]
    assert [message.body for message in taken] == [b"a", b"b"]
    await queue.acknowledge(taken)
    assert await queue.depth() == 0
    assert breaker.state is State.CLOSED


@pytest.mark.parametrize("way", ["command", "pipeline", "script"])
async def test_a_server_without_its_replicas_is_away(
    client: Redis, queue: PartitionedStream, histories: Histories, breaker: Breaker, way: str
) -> None:
    # Given a server that takes no writes, for want of replicas
    await client.config_set("min-replicas-to-write", "1")
    calls = {
        "command": lambda: queue.read("one", 1, 1),
        "pipeline": lambda: queue.publish(factories.outgoing(b'it\'s "BUSY " of pipeline caused error: ')),
        "script": lambda: histories.write(Changes({}, [("device", 1, 1)], [])),
    }
    # When it is written to
    for _ in range(3):
        with pytest.raises(Unavailable):
            await calls[way]()
    # Then it is left alone
    assert breaker.state is State.OPEN


async def test_a_server_that_a_script_holds_up_is_away(
    server: Valkey, client: Redis, queue: PartitionedStream, breaker: Breaker
) -> None:
    # Given a script that does not end
    await client.config_set("busy-reply-threshold", "1")
    endless = connections.connect(server.url, "test")
    running = asyncio.create_task(endless.eval("while true do end", 0))
    # When the queue is asked meanwhile
    async with asyncio.timeout(20):
        while breaker.state is State.CLOSED:
            with suppress(Unavailable):
                await queue.depth()
    # Then it is left alone until the script is gone
    await client.execute_command("SCRIPT KILL")
    await asyncio.wait([running])
    assert running.exception() is not None
    await endless.aclose()
