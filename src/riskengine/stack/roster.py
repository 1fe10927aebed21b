"""Which API processes may get requests: the balancer asks here, about each of its places, once a second."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future

from riskengine.stack import ports

ASKED_ABOUT = b"x-place"
"""The header that names the place: `host:port`, as in the balancer's list."""

_PROBE_TIMEOUT_S = 4.0
"""For an API process to say that it lives; the balancer waits longer for us (`health_timeout`)."""

_TOLD_TIMEOUT_S = 15.0
"""For the balancer to ask; it does so each second, unless it is being started again, or the machine has no time."""

_YES = b"HTTP/1.1 204 No Content\r\n\r\n"
_NO = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
_PROBE = b"GET /health/live HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"


class Roster:
    """Places (ports) from which an API process serves when it is admitted, and lives.

    The balancer's list is fixed, so that it never has to be started or loaded anew, which would cut connections. What
    may change is what it hears here: a place that is nobody's gets no requests, even if a stranger listens there. All
    methods may be called from any thread.
    """

    def __init__(self, places: Sequence[int]) -> None:
        self.places = tuple(places)
        self.port = ports.free()
        self._admitted: set[int] = set()
        self._told: Counter[int] = Counter()  # how often the balancer heard of a place what is so now
        self._changed = threading.Condition()
        self._closed = False
        self._serving: Future[asyncio.AbstractEventLoop] = Future()
        self._leave = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="roster", daemon=True)

    def start(self) -> None:
        """Returns when the balancer can ask. Raises OSError if the port was taken meanwhile."""
        self._thread.start()
        self._serving.result()

    def stop(self) -> None:
        """Ends it, and whoever waits in `wait_told`; a second call does nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._serving.result().call_soon_threadsafe(self._leave.set)
            self._thread.join()

    def admit(self, place: int) -> None:
        """Lets the process there get requests, from when the balancer asks next."""
        self._set(place, True)

    def withdraw(self, place: int) -> None:
        """Lets it get no more, from when the balancer asks next."""
        self._set(place, False)

    def wait_told(self, place: int, times: int) -> bool:
        """Returns true once the balancer was told so often how it now is; false if it does not ask, or at the end.

        Told twice, it has acted upon the first answer.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._told[place] >= times, _TOLD_TIMEOUT_S)
            return self._told[place] >= times

    def _set(self, place: int, admitted: bool) -> None:
        with self._changed:
            self._told[place] = 0
            if admitted:
                self._admitted.add(place)
            else:
                self._admitted.discard(place)

    async def _run(self) -> None:
        """Answers until it is told to leave."""
        try:
            server = await asyncio.start_server(self._serve, ports.LOOPBACK, self.port)
        except OSError as error:
            self._serving.set_exception(error)
            return
        self._serving.set_result(asyncio.get_running_loop())
        await self._leave.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one question after the other on a connection."""
        try:
            while True:
                place = _place(await reader.readuntil(b"\r\n\r\n"))
                lives = place in self._admitted and await _lives(place)
                writer.write(_YES if self._decided(place, lives) else _NO)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            writer.close()

    def _decided(self, place: int, lives: bool) -> bool:
        """What the balancer hears: as it is at this moment, whatever it was when the process was asked."""
        with self._changed:
            admitted = place in self._admitted
            if lives or not admitted:
                self._told[place] += 1
                self._changed.notify_all()
            return admitted and lives


def _place(head: bytes) -> int:
    """The port that a question is about; 0 if it names none."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == ASKED_ABOUT:
            number = value.rpartition(b":")[2]
            return int(number) if number.isdigit() else 0
    return 0


async def _lives(port: int) -> bool:
    """Whether the API process on the port says that it lives."""
    try:
        async with asyncio.timeout(_PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(ports.LOOPBACK, port)
            try:
                writer.write(_PROBE % ports.LOOPBACK.encode())
                return (await reader.readline()).split()[1:2] == [b"200"]
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return False
