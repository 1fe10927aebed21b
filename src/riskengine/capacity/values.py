"""What a deployment is told: the figures of a plan that somebody must set."""

import math

import msgspec

from riskengine.capacity.plan import Plan, pool


class Values(msgspec.Struct, frozen=True):
    """Processes, their settings and their shares of a machine.

    Pools are connections to PostgreSQL at most, for each process; `queue_limit` is messages; processors are cores and
    memory is MiB, for each process or for the server named; `disk_gb` is PostgreSQL's volume, in 10^9 bytes.
    """

    api_replicas: int
    worker_replicas: int
    api_pool_max: int
    worker_pool_max: int
    stream_partitions: int
    queue_limit: int
    retention_months: int
    redis_memory_mb: int
    postgres_max_connections: int
    api_cpu: float
    api_memory_mb: int
    worker_cpu: float
    worker_memory_mb: int
    disk_gb: int

    @classmethod
    def of(cls, plan: Plan) -> "Values":
        """Those of a plan; pools are the usual ones."""
        return cls(
            api_replicas=int(plan.api.value),
            worker_replicas=int(plan.workers.value),
            api_pool_max=pool("api_db_pool_max"),
            worker_pool_max=pool("worker_db_pool_max"),
            stream_partitions=int(plan.stream_partitions.value),
            queue_limit=int(plan.queue_limit.value),
            retention_months=plan.demand.retention_months,
            redis_memory_mb=int(plan.redis_memory_mb.value),
            postgres_max_connections=int(plan.max_connections.value),
            api_cpu=plan.api_cpu,
            api_memory_mb=plan.api_memory_mb,
            worker_cpu=plan.worker_cpu,
            worker_memory_mb=plan.worker_memory_mb,
            disk_gb=math.ceil(plan.disk_gb.value),
        )
