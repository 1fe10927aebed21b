"""The embedded stack: the whole engine on real servers, on one machine, by one call."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import structlog

from riskengine.pipeline import starters
from riskengine.stack import ports, standing
from riskengine.stack.balancer import Balancer
from riskengine.stack.crew import Crew
from riskengine.stack.engine import START_TIMEOUT_S, EngineProcess, answers
from riskengine.stack.governor import Governor
from riskengine.stack.interruption import held_off, like_ctrl_c
from riskengine.stack.lock import DirectoryLock
from riskengine.stack.postgres import Postgres
from riskengine.stack.process import Process
from riskengine.stack.standing import MOST, Counts
from riskengine.stack.valkey import Valkey

_ENGINE_STOP_TIMEOUT_S = 4.0  # with the servers' own (1, 2 and 3 s) a stop takes less than 10 s, whatever hangs
_VALKEY_STOP_TIMEOUT_S = 1.0
_POSTGRES_STOP_TIMEOUT_S = 3.0

_NOTHING: Mapping[str, str] = MappingProxyType({})

log = structlog.get_logger(__name__)


class Stack:
    """PostgreSQL, Valkey, `api` API processes behind a load balancer on `port`, and `workers` workers.

    Everything is kept in `data_dir`, with passwords and logs; without one, in a temporary directory that is removed at
    the end. `port` None means any free one. It is a context manager: inside, everything is up; at its end, and at
    Ctrl-C or SIGTERM, everything is stopped; if this process is killed, the kernel ends the others.

    While it is up, the file `env` in the data directory holds DATABASE_URL and REDIS_URL for other commands, and
    `scaling.scale` gives it more or fewer API processes and workers: `api` and `workers` are those of the moment.

    For those who want it otherwise: `postgres_settings` replace the usual ones, and `environment` says what an API
    process or worker of a name gets in its environment, over ours and the servers' addresses. They are up then.
    """

    postgres: Postgres
    valkey: Valkey
    balancer: Balancer
    api: Sequence[EngineProcess]
    workers: Sequence[EngineProcess]

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        api: int = 2,
        workers: int = 2,
        port: int | None = None,
        postgres_settings: Mapping[str, str] = _NOTHING,
        environment: Callable[[str], Mapping[str, str]] = lambda _: _NOTHING,
    ) -> None:
        self.data_dir = data_dir.absolute() if data_dir else None
        self._counts = Counts(api, workers)
        self._port = port
        self._postgres_settings = postgres_settings
        self._environment = environment
        self._started = ExitStack()
        self._signals = ExitStack()

    @property
    def url(self) -> str:
        """Where clients find the API: `http://host:port`."""
        return self.balancer.url

    @property
    def database_url(self) -> str:
        """The database's address, password included."""
        return self.postgres.url()

    @property
    def redis_url(self) -> str:
        """Valkey's address, password included."""
        return self.valkey.url

    @property
    def processes(self) -> list[Process]:
        """Every process of the stack, in the order they started."""
        servers = [self.postgres.process, self.valkey.process]
        return [*servers, *(part.process for part in (*self.workers, *self.api)), self.balancer.process]

    def __enter__(self) -> Self:
        self._signals.enter_context(like_ctrl_c())
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops everything, the last first; a second call does nothing."""
        with held_off():
            self._started.close()
        self._signals.close()

    def _start(self) -> None:
        port = ports.claim(self._port, "the API")
        directory = self._open_directory()
        self._start_servers(directory)
        _run(starters.prepare(self.database_url))
        self._start_engine(directory, port)
        log.info("stack_started", url=self.url, directory=str(directory))

    def _open_directory(self) -> Path:
        """The data directory, for us alone."""
        if self.data_dir is None:
            directory = Path(tempfile.mkdtemp(prefix="riskengine-"))
            self._started.callback(shutil.rmtree, directory, ignore_errors=True)
        else:
            directory = self.data_dir
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = DirectoryLock(directory)
        lock.acquire()
        self._started.callback(lock.release)
        standing.clear(directory)
        self._started.callback(standing.clear, directory)
        return directory

    def _start_servers(self, directory: Path) -> None:
        self.postgres = Postgres(directory / "postgres", settings=self._postgres_settings)
        self._started.callback(self.postgres.stop, _POSTGRES_STOP_TIMEOUT_S)
        self.postgres.start()
        self.valkey = Valkey(directory / "valkey")
        self._started.callback(self.valkey.stop, _VALKEY_STOP_TIMEOUT_S)
        self.valkey.start()
        addresses = directory / "env"
        addresses.touch(mode=0o600)
        addresses.write_text(f"DATABASE_URL={self.database_url}\nREDIS_URL={self.redis_url}\n")
        self._started.callback(addresses.unlink, missing_ok=True)

    def _start_engine(self, directory: Path, port: int) -> None:
        usual = {**os.environ, "DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        self.balancer = Balancer(directory / "balancer", ports.several(MOST), port)
        crew = Crew(directory / "engine", lambda name: {**usual, **self._environment(name)}, self.balancer.roster)
        governor = Governor(directory, crew, self._counts)
        self._started.callback(governor.stop)
        self.api, self.workers = crew.api, crew.workers
        self._started.callback(crew.stop, _ENGINE_STOP_TIMEOUT_S)
        crew.start(self._counts)
        self._started.callback(self.balancer.stop)
        self.balancer.start()
        self.balancer.process.wait_ready(lambda: answers(port, "/health/ready"), START_TIMEOUT_S)
        governor.start()


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine to its end, whether or not an event loop runs in this thread already."""
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, work).result()
