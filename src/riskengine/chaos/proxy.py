"""A way to a server that can be cut, closed and stalled: a network that fails, between two processes of one machine."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from enum import StrEnum
from typing import Any, Self

from riskengine.stack import ports

CHUNK = 65_536
"""Bytes passed on at once."""

PATIENCE_S = 5.0
"""Seconds that a change of the proxy may take."""


class Way(StrEnum):
    """A direction of traffic: what is asked, and what is answered."""

    ASKED = "asked"
    ANSWERED = "answered"


class Proxy:
    """Passes connections on to the server that listens on `port_of()` of the loopback interface.

    A context manager with a thread and an event loop of its own, so that it passes on whatever the rest of this process
    does. Its methods may be called from any thread.
    """

    def __init__(self, port_of: Callable[[], int]) -> None:
        self._port_of = port_of
        self.port = ports.free()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{self.port}", daemon=True)
        self._server: asyncio.Server | None = None
        self._joints: set[asyncio.Task[None]] = set()
        self._flowing = {way: asyncio.Event() for way in Way}

    def __enter__(self) -> Self:
        self._thread.start()
        self.restore()
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    @property
    def connections(self) -> int:
        """Connections that it passes on now."""
        return len(self._joints)

    def cut(self) -> None:
        """Ends all connections at once, and takes new ones."""
        self._run(self._cut())

    def refuse(self) -> None:
        """Takes no new connections; those that are stay."""
        self._run(self._refuse())

    def stall(self, *ways: Way) -> None:
        """Stops passing on in these directions, in the middle of what comes next: half of it arrives, and no more."""
        self._run(self._stall(ways))

    def restore(self) -> None:
        """Takes new connections, and passes on what was held up."""
        self._run(self._restore())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    async def _restore(self) -> None:
        for flowing in self._flowing.values():
            flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._join, ports.LOOPBACK, self.port, limit=CHUNK)

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _stall(self, ways: tuple[Way, ...]) -> None:
        for way in ways:
            self._flowing[way].clear()

    async def _cut(self) -> None:
        for joint in self._joints:
            joint.cancel()
        if self._joints:
            await asyncio.wait(self._joints)

    async def _end(self) -> None:
        await self._refuse()
        await self._cut()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its beginning to its end."""
        joint = asyncio.current_task()
        assert joint is not None
        self._joints.add(joint)
        writers = [writer]
        try:
            there, to_there = await asyncio.open_connection(ports.LOOPBACK, self._port_of(), limit=CHUNK)
            writers.append(to_there)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass_on(reader, to_there, Way.ASKED))
                both.create_task(self._pass_on(there, writer, Way.ANSWERED))
        except* (OSError, _Ended):  # either side is gone, and so is the other
            pass
        except* asyncio.CancelledError:  # cut: not an end of this task that anybody should hear of
            pass
        finally:
            for one in writers:
                one.transport.abort()
            self._joints.discard(joint)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way) -> None:
        """Passes on in one direction until that side ends."""
        flowing = self._flowing[way]
        while data := await reader.read(CHUNK):
            if not flowing.is_set():
                half = len(data) // 2
                writer.write(data[:half])
                await flowing.wait()
                data = data[half:]
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            await writer.drain()
        raise _Ended


class _Ended(Exception):
    """One side has ended the connection."""
