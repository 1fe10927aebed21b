"""What a plan costs a month at each cloud: the cheapest tiers that hold it, or what no tier there holds."""

import math
from collections.abc import Iterable
from typing import Protocol, TypeVar

import msgspec

from riskengine.capacity.plan import Plan
from riskengine.capacity.prices import Cloud, Prices, Tier

CONNECTION_GB = 0.01
"""Memory of a connection's process in PostgreSQL: some 10 MB with its caches of plans and catalogues."""

POSTGRESQL_GB = 0.5
"""Memory of PostgreSQL beside that, at least: shared buffers, WAL, vacuum."""

_FIT = 1e-9  # three processes of 0.1 fit into 0.3, whatever floats make of that


class Choice(msgspec.Struct, frozen=True):
    """A part, and `count` of a tier for it; USD a month for all, with what is charged beside (disk)."""

    part: str
    tier: str
    count: int
    usd: float


class Offer(msgspec.Struct, frozen=True):
    """What a cloud has for a plan. `lacking` says what it cannot hold; then `usd`, a month, is None."""

    cloud: str
    choices: tuple[Choice, ...]
    lacking: tuple[str, ...]
    usd: float | None


class _Priced(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def usd(self) -> float: ...


_Any = TypeVar("_Any", bound=_Priced)


def offers(plan: Plan, prices: Prices) -> tuple[Offer, ...]:
    """An offer of each cloud, in the table's order."""
    return tuple(_offer(plan, cloud) for cloud in prices.clouds)


def _offer(plan: Plan, cloud: Cloud) -> Offer:
    found = (
        _processes("API", plan.api.value, plan.api_cpu, plan.api_memory_mb, cloud),
        _processes("workers", plan.workers.value, plan.worker_cpu, plan.worker_memory_mb, cloud),
        _postgresql(plan, cloud),
        _redis(plan, cloud),
    )
    choices = tuple(one for one in found if isinstance(one, Choice))
    lacking = tuple(one for one in found if isinstance(one, str))
    balancer = Choice("balancer", "included" if not cloud.balancer_usd else "load balancer", 1, cloud.balancer_usd)
    choices += (balancer,)
    return Offer(cloud.name, choices, lacking, None if lacking else sum(choice.usd for choice in choices))


def held(tier: Tier, cpu: float, memory_mb: float) -> int:
    """How many processes of that share and memory a tier holds."""
    return math.floor(min(tier.vcpu / cpu, tier.memory_gb * 1024 / memory_mb) + _FIT)


def _processes(part: str, count: float, cpu: float, memory_mb: float, cloud: Cloud) -> Choice | str:
    fitting = [
        Choice(part, tier.name, needed, needed * tier.usd)
        for tier in cloud.instances
        if (each := held(tier, cpu, memory_mb))
        for needed in (math.ceil(count / each),)
    ]
    if not fitting:
        return f"{part}: no instance there has {cpu:g} cores and {memory_mb:g} MiB for one process"
    return min(fitting, key=lambda choice: (choice.usd, choice.count))


def _postgresql(plan: Plan, cloud: Cloud) -> Choice | str:
    cores, disk = plan.postgresql_cores.value, math.ceil(plan.disk_gb.value)
    memory = POSTGRESQL_GB + plan.max_connections.value * CONNECTION_GB
    offered = cloud.postgresql
    fitting = [tier for tier in offered.tiers if tier.vcpu >= cores and tier.memory_gb >= memory]
    if disk > offered.largest_gb:
        return f"PostgreSQL: {disk:,} GB of disk, and the largest volume there has {offered.largest_gb:,.0f}"
    if not fitting:
        return f"PostgreSQL: no server there has {cores:.1f} cores and {memory:.1f} GB of memory"
    tier = _cheapest(fitting)
    return Choice("PostgreSQL", f"{tier.name}, {disk:,} GB", 1, tier.usd + disk * offered.storage_usd_gb)


def _redis(plan: Plan, cloud: Cloud) -> Choice | str:
    masters = int(plan.masters.value)
    each = plan.redis_memory_mb.value / 1024 / masters
    fitting = [tier for tier in cloud.redis.tiers if tier.memory_gb >= each - _FIT]
    if not fitting:
        return f"Redis: no node there has {each:,.1f} GB of memory"
    tier = _cheapest(fitting)
    return Choice("Redis", tier.name, masters, masters * tier.usd)


def _cheapest(tiers: Iterable[_Any]) -> _Any:
    return min(tiers, key=lambda tier: tier.usd)
