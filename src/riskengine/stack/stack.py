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
from riskengine.stack.postgres_replica import PostgresReplica, forget_others
from riskengine.stack.process import Process, stop_all
from riskengine.stack.standing import MOST, Counts
from riskengine.stack.valkey import Valkey
from riskengine.stack.valkey_cluster import ValkeyCluster

_ENGINE_STOP_TIMEOUT_S = 4.0  # with the servers' own (1, 2 and 3 s) a stop takes less than 10 s, whatever hangs
_VALKEY_STOP_TIMEOUT_S = 1.0
_POSTGRES_STOP_TIMEOUT_S = 3.0

_CONNECTIONS = {"max_connections": "600"}
"""Room for 32 processes of each kind with the usual pools, 552 connections in all. One that nobody uses costs 70 kB."""

CLUSTER_PARTITIONS = 12
"""Four for each of the three masters, about."""

_NOTHING: Mapping[str, str] = MappingProxyType({})

log = structlog.get_logger(__name__)


class Stack:
    """PostgreSQL, Valkey, `api` API processes behind a load balancer on `port`, and `workers` workers.

    Beside PostgreSQL there are `replicas` that stream from it, which API processes and workers read from.

    Everything is kept in `data_dir`, with passwords and logs; without one, in a temporary directory that is removed at
    the end. `port` None means any free one. It is a context manager: inside, everything is up; at its end, and at
    Ctrl-C or SIGTERM, everything is stopped; if this process is killed, the kernel ends the others.

    While it is up, the file `env` in the data directory holds `addresses` for other commands, and `scaling.scale` gives
    it more or fewer API processes and workers: `api` and `workers` are those of the moment.

    With `cluster` there are six nodes of Valkey instead of one, and what is kept there is in CLUSTER_PARTITIONS.

    For those who want it otherwise: `postgres_settings` replace the usual ones, and `environment` says what an API
    process or worker of a name gets in its environment, over ours and the servers' addresses. They are up then. And
    `prepare` makes the database at an address ready for them.
    """

    postgres: Postgres
    replicas: Sequence[PostgresReplica]
    servers: Valkey | ValkeyCluster
    balancer: Balancer
    api: Sequence[EngineProcess]
    workers: Sequence[EngineProcess]

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        api: int = 2,
        workers: int = 2,
        replicas: int = 0,
        port: int | None = None,
        cluster: bool = False,
        postgres_settings: Mapping[str, str] = _NOTHING,
        environment: Callable[[str], Mapping[str, str]] = lambda _: _NOTHING,
        prepare: Callable[[str], Coroutine[Any, Any, None]] = starters.prepare,
    ) -> None:
        self.data_dir = data_dir.absolute() if data_dir else None
        self._counts = Counts(api, workers)
        self.replicas = ()
        self._replicas = [f"replica-{number + 1}" for number in range(replicas)]
        self._port = port
        self._cluster = cluster
        self._postgres_settings = _CONNECTIONS | dict(postgres_settings)
        self._environment = environment
        self._prepare = prepare
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
    def valkey(self) -> Valkey:
        """The one server; only for a stack without a cluster."""
        assert isinstance(self.servers, Valkey)
        return self.servers

    @property
    def redis_url(self) -> str:
        """Valkey's address, password included."""
        return self.servers.url

    @property
    def addresses(self) -> dict[str, str]:
        """What tells the engine's processes and other commands where the servers are."""
        found = {
            "DATABASE_URL": self.database_url,
            "DATABASE_REPLICA_URLS": ",".join(replica.url() for replica in self.replicas),
            "DATABASE_POOLER": "none",
            "REDIS_URL": self.redis_url,
        }
        return found | {"STREAM_PARTITIONS": str(CLUSTER_PARTITIONS)} if self._cluster else found

    @property
    def processes(self) -> list[Process]:
        """Every process of the stack, in the order they started."""
        servers = [
            self.postgres.process,
            *(replica.process for replica in self.replicas),
            *self.servers.processes,
        ]
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
        _run(self._prepare(self.database_url))
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
        self._start_replicas(directory)
        self.servers = ValkeyCluster(directory / "valkey") if self._cluster else Valkey(directory / "valkey")
        self._started.callback(self.servers.stop, _VALKEY_STOP_TIMEOUT_S)
        self.servers.start()
        addresses = directory / "env"
        addresses.touch(mode=0o600)
        addresses.write_text("".join(f"{name}={value}\n" for name, value in self.addresses.items()))
        self._started.callback(addresses.unlink, missing_ok=True)

    def _start_replicas(self, directory: Path) -> None:
        forget_others(self.postgres, self._replicas)
        self.replicas = [PostgresReplica(self.postgres, directory / name, name) for name in self._replicas]
        self._started.callback(stop_all, [replica.process for replica in self.replicas], _POSTGRES_STOP_TIMEOUT_S)
        for replica in self.replicas:
            replica.start()

    def _start_engine(self, directory: Path, port: int) -> None:
        usual = {**os.environ, **self.addresses}
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
