"""Reaching Redis (or Valkey): how a connection is made, and its absence as one error, behind a breaker."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.asyncio import ConnectionPool, Redis, RedisCluster, SSLConnection
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import (
    AskError,
    ClusterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from riskengine.domain.errors import ConfigurationError, Unavailable
from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis_cluster import Cluster
from riskengine.resilience.redis_connection import (
    QuickConnection,
    QuickSentinelConnection,
    QuickSentinelTlsConnection,
    QuickTlsConnection,
)
from riskengine.resilience.redis_url import CLUSTER, SENTINEL, RedisUrl

Client = Redis | RedisCluster
"""A server, or a cluster of them: commands and pipelines are the same, and so are the errors."""

ANSWER_TIMEOUT = 5.0
"""Seconds to wait for an answer: longer than any command of ours blocks (READ_WAIT_MS in the worker)."""

CONNECT_TIMEOUT = 2.0
"""Seconds to wait for a connection."""

PART = "redis"
"""What it is called in errors, logs and metrics, whichever server it is."""

_AWAY = (
    RedisConnectionError,
    RedisTimeoutError,
    ReadOnlyError,
    RedisClusterException,
    ClusterDownError,
    TryAgainError,
    AskError,
    OSError,
)

_AWAY_WORDS = ("MISCONF ", "NOREPLICAS ", "BUSY ")
"""How answers begin for which redis-py has no class: it cannot save, lacks replicas, is held up by a script."""


def connect(url: str, name: str) -> Client:
    """A client of the server or cluster at `url`; connections are made when they are needed.

    Commands are tried twice: a pooled connection may have died with the server it belonged to, or belong to one that
    has become a replica; a new one may not. Raises ConfigurationError if the address cannot be read.
    """
    where = RedisUrl.of(url)
    options: dict[str, Any] = {
        "protocol": 2,
        "client_name": name,
        "socket_timeout": ANSWER_TIMEOUT,
        "socket_connect_timeout": CONNECT_TIMEOUT,
    }
    if where.kind == CLUSTER:
        try:
            return Cluster(where, **options)
        except TypeError as error:
            raise ConfigurationError(f"REDIS_URL cannot be used: {error}; correct what stands behind the ?") from error
    options["retry"] = Retry(NoBackoff(), 1)
    if where.kind == SENTINEL:
        return _watched(where, options)
    options |= parse_url(url)
    tls = options.get("connection_class") is SSLConnection
    options["connection_class"] = QuickTlsConnection if tls else QuickConnection
    return Redis.from_pool(ConnectionPool(**options))


class _Watched(Redis):
    """A client of the master; the connections to the Sentinels go with its own."""

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        if isinstance(self.connection_pool, SentinelConnectionPool):
            await self.connection_pool.sentinel_manager.aclose()


def _watched(where: RedisUrl, options: dict[str, Any]) -> Redis:
    """A client of the server that Sentinels call the master. Options `sentinel_username` and so on are for them."""
    own = {name: value for name, value in where.options.items() if not name.startswith("sentinel_")}
    theirs = {name.removeprefix("sentinel_"): where.options[name] for name in where.options.keys() - own.keys()}
    theirs |= {name: value for name, value in own.items() if name.startswith("ssl_")}
    sentinel = Sentinel(
        [(node.host, node.port) for node in where.nodes],
        sentinel_kwargs={
            **theirs,
            "ssl": where.tls,
            "socket_timeout": CONNECT_TIMEOUT,
            "socket_connect_timeout": CONNECT_TIMEOUT,
            "retry": Retry(NoBackoff(), 0),
        },
    )
    kind = QuickSentinelTlsConnection if where.tls else QuickSentinelConnection
    return _Watched.from_pool(SentinelConnectionPool(where.service, sentinel, connection_class=kind, **(options | own)))


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
