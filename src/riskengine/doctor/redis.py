"""Checks of Valkey or Redis; of a cluster, of each master, and the worst is what is found."""

import time
from collections.abc import Callable
from typing import Any

from redis.asyncio import RedisCluster

from riskengine.doctor import permissions
from riskengine.doctor.clocks import clock_finding
from riskengine.doctor.finding import Finding, Level, fail, ok, warn
from riskengine.doctor.patient import Patient
from riskengine.domain import clock
from riskengine.domain.clock import SECOND
from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import PART, absence_as_unavailable

TRIED_VALKEY, TRIED_REDIS = 9, 8
"""The versions that everything is tried with, or that have all that is used."""


async def reachable(patient: Patient) -> Finding:
    """Whether it answers, and how soon. Raises what it says if it does not."""
    await _info(patient, "server")  # makes the connection
    begun = time.monotonic()
    all_said = await _info(patient, "server")
    took_ms = (time.monotonic() - begun) * SECOND
    said = next(iter(all_said.values()))
    name = f"Valkey {said['valkey_version']}" if "valkey_version" in said else f"Redis {said['redis_version']}"
    masters = f", {len(all_said)} masters," if len(all_said) > 1 else ""
    return ok("Valkey", f"{name}{masters} answers within {took_ms:.1f} ms")


async def persistence(patient: Patient) -> Finding:
    """Whether what it saves can be saved: a server that cannot save refuses to write."""
    return _worst(await _info(patient, "persistence"), _persistence)


async def memory(patient: Patient) -> Finding:
    """Whether it is bounded, and what is forgotten when it is full."""
    return _worst(await _info(patient, "memory"), _memory)


async def version(patient: Patient) -> Finding:
    """Whether it is one that was tried."""
    return _worst(await _info(patient, "server"), _version)


async def clocks(patient: Patient) -> Finding:
    """Whether this machine and it agree on the time."""
    before = clock.now_ms()
    said = await _info(patient, "server")
    after = clock.now_ms()
    return _worst(
        said,
        lambda one: clock_finding("Valkey clock", "Valkey's", before, int(one["server_time_usec"]) // 1_000, after),
    )


def _version(said: dict[str, Any]) -> Finding:
    name, tried = ("Valkey", TRIED_VALKEY) if "valkey_version" in said else ("Redis", TRIED_REDIS)
    number = str(said.get("valkey_version", said["redis_version"]))
    if int(number.split(".", maxsplit=1)[0]) < tried:
        return warn("Valkey version", f"{name} {number}", f"everything is tried with {name} {tried}: move to it")
    return ok("Valkey version", f"{name} {number}")


def _persistence(said: dict[str, Any]) -> Finding:
    if "err" in (said.get("rdb_last_bgsave_status"), said.get("aof_last_write_status")):
        return warn("Valkey persistence", "saving failed", "give it disk, or have it save nothing")
    if said.get("aof_enabled"):
        return ok("Valkey persistence", "append-only file")
    return ok("Valkey persistence", "no append-only file: what is lost is made again from PostgreSQL")


def _memory(said: dict[str, Any]) -> Finding:
    policy, most = said["maxmemory_policy"], int(said["maxmemory"])
    says = f"{policy}, {said['used_memory_human']} of {said['maxmemory_human'] if most else 'no limit'}"
    if policy.startswith("allkeys"):
        return fail("Valkey memory", f"{says}: it may forget the queue", "set maxmemory-policy to volatile-ttl")
    if not most:
        return warn("Valkey memory", says, "set maxmemory, below what the machine has")
    if policy == "noeviction":
        return warn("Valkey memory", f"{says}: full, it refuses", "set maxmemory-policy to volatile-ttl")
    return ok("Valkey memory", says)


def _worst(all_said: dict[str, dict[str, Any]], check: Callable[[dict[str, Any]], Finding]) -> Finding:
    """The worst finding of all nodes, with the node's name where there are several."""
    found = {node: check(said) for node, said in all_said.items()}
    node, worst = max(found.items(), key=lambda one: list(Level).index(one[1].level))
    if len(found) == 1:
        return worst
    return Finding(worst.check, worst.level, f"{node}: {worst.says}", worst.todo)


async def _info(patient: Patient, section: str) -> dict[str, dict[str, Any]]:
    """What each master says of itself, by its address; of a single server, the one."""
    with absence_as_unavailable(Breaker(PART)):
        if isinstance(patient.redis, RedisCluster):
            said: dict[str, dict[str, Any]] = await patient.redis.info(section, target_nodes=RedisCluster.PRIMARIES)
            return said
        return {"": await patient.redis.info(section)}


CHECKS = (reachable, version, persistence, memory, clocks, permissions.valkey)
"""In this order. Without the first the others have nothing to look at."""
