"""Reaching Redis (or Valkey): how a connection is made, and its absence as one error, behind a breaker."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import hiredis
from redis.asyncio import Connection, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ClusterDownError, OutOfMemoryError, ReadOnlyError, ResponseError, TryAgainError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from riskengine.domain.errors import Unavailable
from riskengine.resilience.breaker import Breaker

ANSWER_TIMEOUT = 5.0
"""Seconds to wait for an answer: longer than any command of ours blocks (READ_WAIT_MS in the worker)."""

CONNECT_TIMEOUT = 2.0
"""Seconds to wait for a connection."""

PART = "redis"
"""What it is called in errors, logs and metrics, whichever server it is."""

_AWAY = (RedisConnectionError, RedisTimeoutError, ReadOnlyError, ClusterDownError, TryAgainError, OSError)

_AWAY_WORDS = ("MISCONF ", "NOREPLICAS ", "BUSY ")
"""How answers begin for which redis-py has no class: it cannot save, lacks replicas, is held up by a script."""


class _QuickConnection(Connection):
    """Packs commands in C, as redis-py itself does only outside asyncio: a batch has hundreds of arguments."""

    def pack_command(self, *args: Any) -> list[bytes]:
        name, *arguments = args
        return [hiredis.pack_command((*name.split(), *arguments))]

    def pack_commands(self, commands: Iterable[Iterable[Any]]) -> list[bytes]:
        return [packed for command in commands for packed in self.pack_command(*command)]


def connect(url: str, name: str) -> Redis:
    """A client of the server at `url`; connections are made when they are needed.

    Commands are tried twice: a pooled connection may have died with the server it belonged to, a new one may not.
    """
    pool = ConnectionPool.from_url(
        url,
        connection_class=_QuickConnection,
        protocol=2,
        client_name=name,
        socket_timeout=ANSWER_TIMEOUT,
        socket_connect_timeout=CONNECT_TIMEOUT,
        retry=Retry(NoBackoff(), 1),
    )
    return Redis.from_pool(pool)


@contextmanager
def absence_as_unavailable(breaker: Breaker) -> Iterator[None]:
    """Turns what redis-py raises when the server is away, loading or cannot serve into Unavailable, and counts it.

    A full server is unavailable for what it refuses; but it answers, and is to be read until it is empty, so that does
    not count. What a server refuses for another reason is a fault of ours, and stays one.
    """
    try:
        with breaker.call():
            try:
                yield
            except _AWAY as error:
                raise Unavailable(PART) from error
            except ResponseError as error:
                if _said(error).startswith(_AWAY_WORDS):
                    raise Unavailable(PART) from error
                raise
    except OutOfMemoryError as error:
        raise Unavailable(PART) from error


def _said(error: ResponseError) -> str:
    """What the server said, without what redis-py puts before it in a pipeline."""
    return str(error).rpartition("of pipeline caused error: ")[2].lstrip("(\"'")
