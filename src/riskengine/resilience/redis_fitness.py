"""Whether REDIS_URL leads to what it says, found out once at the start: what no waiting would mend is refused."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.exceptions import RedisClusterException, RedisError

from riskengine.domain.errors import ConfigurationError
from riskengine.resilience.redis import Client
from riskengine.resilience.redis_cluster import SLOTS, Cluster

PATIENCE = 3.0
"""Seconds in which it is to answer, all its nodes together: a process that starts does not wait for it any longer."""


async def refuse_unfit(redis: Client) -> None:
    """Returns if it is what the address says, or does not answer now: the engine waits for it then.

    Raises ConfigurationError if a cluster has slots that no node has, if the address is of one server and leads to a
    node of a cluster, or the other way round, or if Sentinels do not know the service.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            if isinstance(redis, Cluster):
                await _of_cluster(redis)
            elif isinstance(redis, Redis) and isinstance(redis.connection_pool, SentinelConnectionPool):
                await _of_sentinels(redis.connection_pool)
            elif isinstance(redis, Redis):
                await _of_server(redis)


async def _of_cluster(redis: Cluster) -> None:
    try:
        await redis.initialize()
    except RedisClusterException as error:
        if "Cluster mode is not enabled" in str(error):
            raise ConfigurationError(
                "REDIS_URL is that of a cluster, and the server there is none: write it as redis://"
            ) from error
        return
    except IndexError:  # it knows nobody who has any
        raise _uncovered(range(SLOTS)) from None
    except (RedisError, OSError):
        return
    covered = redis.nodes_manager.slots_cache
    if len(covered) < SLOTS:
        raise _uncovered([slot for slot in range(SLOTS) if slot not in covered])


async def _of_server(redis: Redis) -> None:
    try:
        found: dict[str, Any] = await redis.info("cluster")
    except (RedisError, OSError):
        return
    if found.get("cluster_enabled"):
        raise ConfigurationError(
            "REDIS_URL is that of one server, and leads to a node of a cluster: write it as redis+cluster://"
        )


async def _of_sentinels(pool: SentinelConnectionPool) -> None:
    known: set[str] = set()
    for sentinel in pool.sentinel_manager.sentinels:
        try:
            known |= set(await sentinel.sentinel_masters())
        except (RedisError, OSError):
            continue
    if known and pool.service_name not in known:
        raise ConfigurationError(
            f"the Sentinels of REDIS_URL do not watch {pool.service_name}: name one of {', '.join(sorted(known))}"
        )


def _uncovered(slots: Collection[int]) -> ConfigurationError:
    return ConfigurationError(
        f"the cluster of REDIS_URL has no node for the slots {_ranges(slots)}: give them to one "
        "(CLUSTER ADDSLOTSRANGE, or bring back the node that had them), then start again"
    )


def _ranges(slots: Collection[int]) -> str:
    """`0-99, 200`."""
    ranges: list[list[int]] = []
    for slot in slots:
        if ranges and slot == ranges[-1][1] + 1:
            ranges[-1][1] = slot
        else:
            ranges.append([slot, slot])
    return ", ".join(f"{first}-{last}" if first < last else str(first) for first, last in ranges)
