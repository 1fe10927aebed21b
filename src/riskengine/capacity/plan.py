"""What a load needs: a pure function of what was measured and what is asked for, each figure with its reason."""

import math

import msgspec

from riskengine.capacity import memory as memories
from riskengine.capacity import processes
from riskengine.capacity.calibration import Calibration, Machine
from riskengine.capacity.demand import Demand
from riskengine.capacity.figure import Figure
from riskengine.capacity.memory import NODE_MB, Memory
from riskengine.capacity.processes import Crew
from riskengine.domain.connection_budget import RESERVE, ConnectionBudget, Share
from riskengine.domain.stream_partition import MOST_PARTITIONS
from riskengine.settings import table

LISTENING = 1
"""Connections of a process beside its pool: the one on which it hears of publications."""

SUPERUSERS = 3
"""Connections that PostgreSQL keeps for superusers, if it is not told otherwise."""

LEAST_CONNECTIONS = 100
"""What PostgreSQL allows if it is not told otherwise: below it there is nothing to win."""

POOLER_ABOVE = 500
"""Connections above which a pooler is wanted: each is a process of some 10 MB, and each snapshot looks at all."""

LEAST_MASTERS = 3
"""Masters that a cluster of Valkey has at least."""

PARTITIONS_A_MASTER = 4
"""Partitions for each master of a cluster: so that they can be dealt out evenly."""

MONTH_DAYS = 365.25 / 12
"""Days of a month, on average."""

DISK_FULL = 0.8
"""The share of a volume that is planned with: vacuum, WAL and a bad month need the rest."""

MOST_ERROR = 0.25
"""The share by which a calibration may miss its own check before a plan warns of it."""

_DAY_S = 86_400


class Plan(msgspec.Struct, frozen=True):
    """Figures for a demand. `api_cpu` and so on are for each process; cores are in use at peak, with the headroom.

    `masters` are nodes of Valkey that take writes; `cautions` what a reader must not miss, in words. `error` is the
    calibration's.
    """

    demand: Demand
    machine: Machine
    taken_at: str
    error: float
    api: Figure
    workers: Figure
    api_rate: float
    worker_rate: float
    api_cpu: float
    worker_cpu: float
    api_memory_mb: int
    worker_memory_mb: int
    api_cores: Figure
    worker_cores: Figure
    balancer_cores: Figure
    postgresql_cores: Figure
    valkey_cores: Figure
    budget: ConnectionBudget
    connections: Figure
    max_connections: Figure
    masters: Figure
    stream_partitions: Figure
    queue_limit: Figure
    redis_memory_mb: Figure
    disk_gb_day: Figure
    disk_gb_month: Figure
    disk_gb: Figure
    wal_gb_day: Figure
    network_mbit: Figure
    cautions: tuple[str, ...]


def plan(demand: Demand, calibration: Calibration) -> Plan:
    """What the demand needs, if each transaction costs what it did where the calibration was made."""
    api, workers = processes.api(demand, calibration), processes.workers(demand, calibration)
    memory = memories.memory(demand, calibration)
    cores = _cores(demand, calibration)
    budget = _budget(api, workers)
    masters = _masters(cores["valkey"], memory)
    return Plan(
        demand=demand,
        machine=calibration.machine,
        taken_at=calibration.taken_at,
        error=calibration.error,
        api=api.count,
        workers=workers.count,
        api_rate=api.rate,
        worker_rate=workers.rate,
        api_cpu=api.cpu,
        worker_cpu=workers.cpu,
        api_memory_mb=api.memory_mb,
        worker_memory_mb=workers.memory_mb,
        **{f"{part}_cores": figure for part, figure in cores.items()},
        budget=budget,
        connections=Figure(budget.needed, "connections", _sum(budget)),
        max_connections=Figure(
            budget.capacity + SUPERUSERS,
            "connections",
            f"these, and {SUPERUSERS} for superusers, rounded up; {LEAST_CONNECTIONS} at least, its default",
        ),
        masters=masters,
        stream_partitions=_partitions(masters),
        queue_limit=memory.queue_limit,
        redis_memory_mb=memory.total_mb,
        **_disk(demand, calibration),
        network_mbit=_network(demand, calibration),
        cautions=_cautions(budget, masters, calibration),
    )


def _cores(demand: Demand, calibration: Calibration) -> dict[str, Figure]:
    """Cores in use at peak, by part; the headroom is on top of what transactions cost."""
    costs = demand.mix.costs(calibration)
    found = {}
    for field in costs.__struct_fields__:
        cost = getattr(costs, field)
        because = f"{demand.at_peak:,g} a second × {cost:,.0f} µs, used at {demand.utilisation:.0%}"
        found[field.removesuffix("_us")] = Figure(demand.at_peak * cost / 1e6 / demand.utilisation, "cores", because)
    return found


def _budget(api: Crew, workers: Crew) -> ConnectionBudget:
    """All pools at their most, against a capacity that has room for them."""
    shares = (
        Share("api", int(api.count.value), pool("api_db_pool_max"), LISTENING),
        Share("worker", int(workers.count.value), pool("worker_db_pool_max"), LISTENING),
    )
    needed = ConnectionBudget(shares, 0).needed
    allowed = max(LEAST_CONNECTIONS, math.ceil((needed + SUPERUSERS) / 10) * 10)
    return ConnectionBudget(shares, allowed - SUPERUSERS)


def pool(field: str) -> int:
    """Connections that a pool opens at most, if nothing else is set."""
    return next(int(setting.default) for setting in table() if setting.field == field and setting.default is not None)


def _sum(budget: ConnectionBudget) -> str:
    return " + ".join(str(share) for share in budget.shares) + f" + {RESERVE} in reserve"


def _masters(cores: Figure, memory: Memory) -> Figure:
    """Nodes of Valkey that take writes: each executes commands on one processor, and should not grow too large."""
    by_cores, by_memory = math.ceil(cores.value), math.ceil(memory.total_mb.value / NODE_MB)
    wanted = max(1, by_cores, by_memory)
    if wanted == 1:
        return Figure(1, "masters", f"{cores.value:.2f} of the one core that executes commands, and little memory")
    because = f"{cores.value:.2f} cores at one a node, {memory.total_mb.value:,.0f} MiB at up to {NODE_MB:,} a node"
    return Figure(max(LEAST_MASTERS, wanted), "masters", f"a cluster, {LEAST_MASTERS} at least: {because}")


def _partitions(masters: Figure) -> Figure:
    if masters.value == 1:
        return Figure(1, "partitions", "one Valkey: all workers read from one stream")
    wanted = int(masters.value) * PARTITIONS_A_MASTER
    return Figure(min(MOST_PARTITIONS, wanted), "partitions", f"{PARTITIONS_A_MASTER} for each master of the cluster")


def _disk(demand: Demand, calibration: Calibration) -> dict[str, Figure]:
    sizes, months = calibration.sizes, demand.retention_months
    day, wal = demand.tps * _DAY_S * sizes.disk / 1e9, demand.tps * _DAY_S * sizes.wal / 1e9
    month = day * MONTH_DAYS
    return {
        "disk_gb_day": Figure(day, "GB", f"{demand.tps:,g} a second, day and night × {sizes.disk:,.0f} bytes"),
        "disk_gb_month": Figure(month, "GB", f"{MONTH_DAYS:.1f} such days"),
        "disk_gb": Figure(month * months / DISK_FULL, "GB", f"{months} such months, used at {DISK_FULL:.0%}"),
        "wal_gb_day": Figure(wal, "GB", f"{demand.tps:,g} a second, day and night × {sizes.wal:,.0f} bytes"),
    }


def _network(demand: Demand, calibration: Calibration) -> Figure:
    moved, wal = calibration.sizes.network, calibration.sizes.wal
    because = f"{demand.at_peak:,g} a second × {moved:,.0f} bytes, and {wal:,.0f} of WAL to one replica"
    if not moved:
        because = f"{demand.at_peak:,g} a second × {wal:,.0f} bytes of WAL to one replica; the rest was not measured"
    return Figure(demand.at_peak * (moved + wal) * 8 / 1e6, "Mbit/s", because)


def _cautions(budget: ConnectionBudget, masters: Figure, calibration: Calibration) -> tuple[str, ...]:
    cautions = []
    if budget.needed > POOLER_ABOVE:
        cautions.append(
            f"{budget.needed:,} connections are more than {POOLER_ABOVE}: put a pooler in transaction mode before "
            "PostgreSQL, and set DATABASE_POOLER to transaction"
        )
    if masters.value * PARTITIONS_A_MASTER > MOST_PARTITIONS:
        cautions.append(
            f"{masters.value:,.0f} masters are more than {MOST_PARTITIONS} partitions keep busy: split accounts over "
            "several engines (docs/scale.md)"
        )
    if calibration.error > 0.25:
        cautions.append(
            f"the calibration missed its own check by {calibration.error:.0%}: make it anew when it is quiet"
        )
    return tuple(cautions)
