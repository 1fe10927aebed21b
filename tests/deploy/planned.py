"""Values as the planner writes them, each different from what a deployment has without a plan."""

from riskengine.capacity.values import Values

PLANNED = Values(
    api_replicas=7,
    worker_replicas=9,
    api_pool_max=11,
    worker_pool_max=6,
    stream_partitions=12,
    queue_limit=2_000_000,
    retention_months=36,
    redis_memory_mb=4096,
    postgres_max_connections=300,
    api_cpu=0.85,
    api_memory_mb=300,
    worker_cpu=0.7,
    worker_memory_mb=280,
    disk_gb=900,
)
