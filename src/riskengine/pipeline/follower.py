"""Keeping a process at what is published, and saying so to those who ask what runs where."""

import asyncio
from contextlib import suppress

import structlog

from riskengine.domain.errors import Unavailable
from riskengine.pipeline.pace import Pace
from riskengine.pipeline.running import Running
from riskengine.storage import processes
from riskengine.storage.database import Database
from riskengine.storage.listening import listen
from riskengine.storage.processes import Identity, State

POLL_EVERY = 0.5
"""Seconds between looks at what is to run: a change is live within a second even if nobody tells of it."""

BEAT_EVERY = 2.0
"""Seconds between signs of life: a fifth of processes.DEAD_AFTER."""

LISTEN_AGAIN = 1.0
"""Seconds until a lost connection for listening is made anew."""

_log = structlog.get_logger()


class Follower:
    """Follows what is published for as long as its process lives. PostgreSQL may be away meanwhile."""

    def __init__(self, database: Database, engines: Running, url: str | None, who: Identity, pace: Pace) -> None:
        """`url` is the database's: listening takes a connection that is not the pool's. `pace` is of deciding.

        None: it looks by itself only, as it must behind a pooler, where a session that listens is nobody's.
        """
        self._database = database
        self._engines = engines
        self._url = url
        self._who = who
        self._pace = pace
        self._wake = asyncio.Event()
        self._stopping = False
        self._beaten = float("-inf")

    async def run(self) -> None:
        """Works until `stop`."""
        listening = None if self._url is None else asyncio.create_task(self._listen(self._url))
        try:
            while not self._stopping:
                await self._turn()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_EVERY)
                self._wake.clear()
        finally:
            if listening is not None:
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening
            with suppress(Unavailable):
                await processes.remove(self._database, self._who)

    def stop(self) -> None:
        """Ends it. A second call is harmless."""
        self._stopping = True
        self._wake.set()

    async def _turn(self) -> None:
        try:
            changed = await self._engines.refresh()
            now = asyncio.get_running_loop().time()
            if changed or now - self._beaten >= BEAT_EVERY:
                state = State(self._engines.runs, self._engines.problem, self._pace.rate())
                await processes.renew(self._database, self._who, state)
                self._beaten = now
        except Unavailable:
            return  # it is said by those who need PostgreSQL more, and tried again at once
        except Exception:  # deciding goes on whatever is the matter here
            _log.exception("follow_failed")

    async def _listen(self, url: str) -> None:
        name = f"riskengine-{self._who.role}-listen"
        while True:
            await listen(url, name, self._wake.set)
            _log.warning("listening_lost", seconds=LISTEN_AGAIN)
            await asyncio.sleep(LISTEN_AGAIN)
