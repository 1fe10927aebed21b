"""A plan's values as files: for the chart, and for compose."""

from pathlib import Path
from typing import Any

import yaml

from riskengine.capacity.values import Values
from riskengine.domain.errors import ConfigurationError

CHART, COMPOSE = "values.yaml", "compose.env"
"""The files: for `helm install --values`, and a second `--env-file` of `docker compose`, after deploy/compose.env."""

PROCESS_CPUS = 1
"""Cores that compose lets a process use: none uses more than one, and a start or a burst may well use that."""

_HEADER = "# Written by `riskengine plan --values`: what depends on the load. Everything else stays as it is.\n"


def write(values: Values, directory: Path) -> tuple[Path, Path]:
    """Writes both files into the directory, made if it is not there. Raises ConfigurationError if that cannot be."""
    chart, compose = directory / CHART, directory / COMPOSE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        chart.write_text(_HEADER + _beside(values) + yaml.safe_dump(for_chart(values), sort_keys=False))
        compose.write_text(
            _HEADER + f"# PostgreSQL's volume: {values.disk_gb} GB.\n" + "".join(_lines(for_compose(values)))
        )
    except OSError as error:
        raise ConfigurationError(
            f"{directory} cannot be written ({error.strerror}): name a directory of yours with --values"
        ) from None
    return chart, compose


def for_chart(values: Values) -> dict[str, Any]:
    """The values of the chart in deploy/chart."""
    return {
        "api": _part(values.api_replicas, values.api_cpu, values.api_memory_mb),
        "worker": _part(values.worker_replicas, values.worker_cpu, values.worker_memory_mb),
        "settings": settings(values),
    }


def for_compose(values: Values) -> dict[str, str]:
    """The variables of deploy/compose.yaml."""
    return {
        "API_REPLICAS": str(values.api_replicas),
        "API_CPUS": str(PROCESS_CPUS),
        "API_MEMORY_MB": str(values.api_memory_mb),
        "WORKER_REPLICAS": str(values.worker_replicas),
        "WORKER_CPUS": str(PROCESS_CPUS),
        "WORKER_MEMORY_MB": str(values.worker_memory_mb),
        **{name: str(value) for name, value in settings(values).items()},
        "POSTGRES_MAX_CONNECTIONS": str(values.postgres_max_connections),
        "VALKEY_MEMORY_MB": str(values.redis_memory_mb),
    }


def settings(values: Values) -> dict[str, int]:
    """The settings of processes, by their names."""
    return {
        "API_DB_POOL_MAX": values.api_pool_max,
        "WORKER_DB_POOL_MAX": values.worker_pool_max,
        "STREAM_PARTITIONS": values.stream_partitions,
        "QUEUE_LIMIT": values.queue_limit,
        "RETENTION_MONTHS": values.retention_months,
    }


def _part(replicas: int, cpu: float, memory_mb: int) -> dict[str, Any]:
    return {
        "replicas": replicas,
        "resources": {
            "requests": {"cpu": f"{round(cpu * 1000)}m", "memory": f"{memory_mb}Mi"},
            "limits": {"memory": f"{memory_mb}Mi"},
        },
    }


def _beside(values: Values) -> str:
    """What the servers need, which the chart does not start."""
    return (
        f"# PostgreSQL: max_connections {values.postgres_max_connections}, {values.disk_gb} GB of disk."
        f" Valkey: {values.redis_memory_mb} MiB of memory.\n"
    )


def _lines(variables: dict[str, str]) -> list[str]:
    return [f"{name}={value}\n" for name, value in variables.items()]
