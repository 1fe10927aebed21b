"""Checks of Valkey or Redis."""

import time
from typing import Any

from riskengine.doctor.finding import Finding, fail, ok, warn
from riskengine.doctor.patient import Patient
from riskengine.domain.clock import SECOND
from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import PART, absence_as_unavailable


async def reachable(patient: Patient) -> Finding:
    """Whether it answers, and how soon. Raises what it says if it does not."""
    await _info(patient, "server")  # makes the connection
    begun = time.monotonic()
    said = await _info(patient, "server")
    name = f"Valkey {said['valkey_version']}" if "valkey_version" in said else f"Redis {said['redis_version']}"
    return ok("Valkey", f"{name} answers within {(time.monotonic() - begun) * SECOND:.1f} ms")


async def persistence(patient: Patient) -> Finding:
    """Whether what it saves can be saved: a server that cannot save refuses to write."""
    said = await _info(patient, "persistence")
    if "err" in (said.get("rdb_last_bgsave_status"), said.get("aof_last_write_status")):
        return warn("Valkey persistence", "saving failed", "give it disk, or have it save nothing")
    if said.get("aof_enabled"):
        return ok("Valkey persistence", "append-only file")
    return ok("Valkey persistence", "no append-only file: what is lost is made again from PostgreSQL")


async def memory(patient: Patient) -> Finding:
    """Whether it is bounded, and what is forgotten when it is full."""
    said = await _info(patient, "memory")
    policy, most = said["maxmemory_policy"], int(said["maxmemory"])
    says = f"{policy}, {said['used_memory_human']} of {said['maxmemory_human'] if most else 'no limit'}"
    if policy.startswith("allkeys"):
        return fail("Valkey memory", f"{says}: it may forget the queue", "set maxmemory-policy to volatile-lru")
    if not most:
        return warn("Valkey memory", says, "set maxmemory, below what the machine has")
    if policy == "noeviction":
        return warn("Valkey memory", f"{says}: full, it refuses", "set maxmemory-policy to volatile-lru")
    return ok("Valkey memory", says)


async def _info(patient: Patient, section: str) -> dict[str, Any]:
    with absence_as_unavailable(Breaker(PART)):
        said: dict[str, Any] = await patient.redis.info(section)
        return said


CHECKS = (reachable, persistence, memory)
"""In this order. Without the first the others have nothing to look at."""
