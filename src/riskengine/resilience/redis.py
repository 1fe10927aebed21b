"""Reaching Redis (or Valkey): how a connection is made, and its absence as one error."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from riskengine.domain.errors import Unavailable

ANSWER_TIMEOUT = 5.0
"""Seconds to wait for an answer: longer than any command of ours blocks (READ_WAIT_MS in the worker)."""

CONNECT_TIMEOUT = 2.0
"""Seconds to wait for a connection."""


def connect(url: str, name: str) -> Redis:
    """A client of the server at `url`; connections are made when they are needed.

    Commands are tried twice: a pooled connection may have died with the server it belonged to, a new one may not.
    """
    return Redis.from_url(
        url,
        protocol=2,
        client_name=name,
        socket_timeout=ANSWER_TIMEOUT,
        socket_connect_timeout=CONNECT_TIMEOUT,
        retry=Retry(NoBackoff(), 1),
    )


@contextmanager
def absence_as_unavailable() -> Iterator[None]:
    """Turns whatever redis-py raises when the server is away, loading or failing into Unavailable."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise Unavailable("redis") from error
