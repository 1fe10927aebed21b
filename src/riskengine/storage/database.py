"""The door to PostgreSQL: a pool of connections, statements by name, its absence as one error, behind a breaker."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
from prometheus_client import Gauge, Histogram

from riskengine.domain.errors import ConfigurationError, Unavailable
from riskengine.resilience.breaker import Breaker
from riskengine.storage import queries
from riskengine.storage.reach import DIRECT, Reach
from riskengine.telemetry import tracing

Connection = Any
"""A pooled asyncpg connection (asyncpg ships no types)."""

Row = Mapping[str, Any]
"""A row, by the names of its columns."""

STATEMENT_TIMEOUT = 15.0
"""Seconds a statement may take before its connection is given up: far above any of ours, below a client's patience."""

ACQUIRE_TIMEOUT = 5.0
"""Seconds to wait for a free connection. Longer means that the pool is exhausted, which is an answer of its own."""

CLOSE_TIMEOUT = 2.0
"""Seconds that connections may take to end by themselves: a server that hangs must not keep a process from leaving."""

_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InternalClientError,
)

_NOT_NOW = (
    asyncpg.TransactionRollbackError,  # deadlocks, serialization
    asyncpg.LockNotAvailableError,
    asyncpg.DiskFullError,  # what is there can be read
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
)
"""Of a server that answers: the caller is to try again, and others have no reason to leave it alone."""

PART = "postgresql"
"""What it is called in errors, logs and metrics."""

_connections = Gauge("riskengine_pool_connections", "Connections of this process", ["part", "state"])
_most = Gauge("riskengine_pool_connections_most", "Connections that this process opens at most", ["part"])
_wait = Histogram(
    "riskengine_pool_wait_seconds",
    "Seconds that work waited for a connection",
    ["part"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)


async def _keep_session(_: asyncpg.Connection) -> None:
    """Spares the round trip of asyncpg's own reset: no statement of ours leaves anything behind in a session."""


_REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ClientConfigurationError,
)


@contextmanager
def _absence_as_unavailable(part: str) -> Iterator[None]:
    try:
        yield
    except (*_REFUSED, *_NOT_NOW):
        raise
    except _AWAY as error:
        raise Unavailable(part) from error


@contextmanager
def _answers_in_our_words(part: str, reach: Reach) -> Iterator[None]:
    try:
        yield
    except _NOT_NOW as error:
        raise Unavailable(part) from error
    except _REFUSED as error:
        raise ConfigurationError(f"PostgreSQL refuses {reach.setting}: {error}; correct it") from error
    except asyncpg.UndefinedTableError as error:
        raise ConfigurationError("the database lacks riskengine's schema; run `riskengine migrate`") from error


def _show(pool: asyncpg.Pool, part: str) -> None:
    """Has the metrics tell of the pool, when they are asked."""
    _connections.labels(part, "used").set_function(lambda: pool.get_size() - pool.get_idle_size())
    _connections.labels(part, "idle").set_function(pool.get_idle_size)
    _most.labels(part).set(pool.get_max_size())


async def _fetch_planned_once(connection: Connection, query: str, arguments: Sequence[object]) -> list[Row]:
    """The rows of a statement that only reads. The setting ends with the transaction: sessions keep nothing of it."""
    async with connection.transaction(readonly=True):
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        return await fetch(connection, query, *arguments)


async def fetch(connection: Connection, query: str, *arguments: object) -> list[Row]:
    """Runs the named statement on a connection, and returns its rows."""
    with tracing.statement(query):
        rows: list[Row] = await connection.fetch(queries.text(query), *arguments)
        return rows


class Database:
    """A pool of connections to one PostgreSQL. Whatever it raises when the server is away is `Unavailable`."""

    def __init__(self, pool: asyncpg.Pool, breaker: Breaker, reach: Reach = DIRECT) -> None:
        self._pool = pool
        self._breaker = breaker
        self._reach = reach
        self._wait = _wait.labels(breaker.part)
        _show(pool, breaker.part)

    @classmethod
    async def connect(
        cls, url: str, *, idle: int, most: int, name: str, breaker: Breaker | None = None, reach: Reach = DIRECT
    ) -> "Database":
        """Opens `idle` connections now and up to `most` under load; `name` is what pg_stat_activity shows.

        Without a breaker it has one of its own.
        """
        breaker = breaker or Breaker(PART)
        with _answers_in_our_words(breaker.part, reach), _absence_as_unavailable(breaker.part):
            pool = await asyncpg.create_pool(
                url,
                min_size=idle,
                max_size=most,
                command_timeout=STATEMENT_TIMEOUT,
                timeout=ACQUIRE_TIMEOUT,
                reset=_keep_session,
                **reach.options(name),
            )
        return cls(pool, breaker, reach)

    async def fetch(self, query: str, *arguments: object) -> list[Row]:
        """Runs the named statement, atomically, and returns its rows."""
        async with self.connection() as connection:
            if queries.planned_once(query) and not self._reach.pooled:  # a pooler's sessions keep no plans
                return await _fetch_planned_once(connection, query, arguments)
            return await fetch(connection, query, *arguments)

    async def fetch_one(self, query: str, *arguments: object) -> Row | None:
        """The first row of the named statement, or None."""
        rows = await self.fetch(query, *arguments)
        return rows[0] if rows else None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of the pool, for as long as the block lasts.

        Its absence inside the block counts for the breaker, too, and so does waiting in vain for a connection: of a
        server that stalls that is heard first, and where others get theirs it is no failure in a row.
        """
        part = self._breaker.part
        with _answers_in_our_words(part, self._reach), self._breaker.call(), _absence_as_unavailable(part):
            began = time.perf_counter()
            try:
                async with asyncio.timeout(ACQUIRE_TIMEOUT):  # asyncpg's own timeout would cost a task
                    connection = await self._pool.acquire()
            finally:
                self._wait.observe(time.perf_counter() - began)
            try:
                yield connection
            finally:
                await self._pool.release(connection)

    async def ping(self) -> None:
        """Returns if the server answers; raises Unavailable if not."""
        async with self.connection() as connection:
            await connection.execute("SELECT 1")

    async def close(self) -> None:
        """Closes all connections, at once if they do not end by themselves."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._pool.close()
        except _AWAY:
            self._pool.terminate()
