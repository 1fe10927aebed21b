"""The door to PostgreSQL: a pool of connections, statements by name, and its absence as one error."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg

from riskengine.domain.errors import ConfigurationError, Unavailable
from riskengine.storage import queries

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
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InternalClientError,
)


async def _keep_session(_: asyncpg.Connection) -> None:
    """Spares the round trip of asyncpg's own reset: no statement of ours leaves anything behind in a session."""


_REFUSED = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except _AWAY as error:
        raise Unavailable("postgresql") from error
    except _REFUSED as error:
        raise ConfigurationError(f"PostgreSQL refuses DATABASE_URL: {error}; correct it") from error
    except asyncpg.UndefinedTableError as error:
        raise ConfigurationError("the database lacks riskengine's schema; run `riskengine migrate`") from error


class Database:
    """A pool of connections to one PostgreSQL. Whatever it raises when the server is away is `Unavailable`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    async def connect(cls, url: str, *, idle: int, most: int, name: str) -> "Database":
        """Opens `idle` connections now and up to `most` under load; `name` is what pg_stat_activity shows."""
        with _in_our_words():
            pool = await asyncpg.create_pool(
                url,
                min_size=idle,
                max_size=most,
                command_timeout=STATEMENT_TIMEOUT,
                timeout=ACQUIRE_TIMEOUT,
                reset=_keep_session,
                server_settings={"application_name": name, "jit": "off"},
            )
        return cls(pool)

    async def fetch(self, query: str, *arguments: object) -> list[Row]:
        """Runs the named statement, atomically, and returns its rows."""
        async with self.connection() as connection:
            rows: list[Row] = await connection.fetch(queries.text(query), *arguments)
            return rows

    async def fetch_one(self, query: str, *arguments: object) -> Row | None:
        """The first row of the named statement, or None."""
        rows = await self.fetch(query, *arguments)
        return rows[0] if rows else None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of the pool, for as long as the block lasts."""
        with _in_our_words():
            async with asyncio.timeout(ACQUIRE_TIMEOUT):  # asyncpg's own timeout would cost a task
                connection = await self._pool.acquire()
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
