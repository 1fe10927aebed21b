"""What a deployment is told: the figures of a plan that somebody must set."""

import msgspec


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
