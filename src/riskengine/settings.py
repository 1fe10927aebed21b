"""What a process is told by its environment: one typed table, from which parsing, faults and documentation come.

Each setting is the environment variable of its name in capitals. A file `.env` in the working directory may hold the
same variables; the environment wins.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from dotenv import dotenv_values
from msgspec import Meta, inspect

from riskengine.domain.errors import ConfigurationError
from riskengine.domain.stream_partition import MOST_PARTITIONS


def _of(description: str, unit: str = "", **limits: Any) -> Meta:
    return Meta(description=description, extra={"unit": unit}, **limits)


RETENTION_MONTHS = 24
"""Months that are kept in PostgreSQL if nothing else is said: the two years of the specification."""

REQUIRED = "required"
"""What RELEASE_APPROVAL says where a second person is needed."""

TRANSACTION = "transaction"
"""What DATABASE_POOLER says of a pooler in transaction mode."""

Port = Annotated[int, Meta(ge=1, le=65535)]

PostgresUrls = Annotated[str, Meta(pattern=r"^postgres(ql)?://")]

HttpUrl = Annotated[str, Meta(pattern=r"^https?://")]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings, checked. A process uses those of its part."""

    database_url: Annotated[
        str, _of("PostgreSQL: `postgresql://user:password@host:port/database`", pattern=r"^postgres(ql)?://")
    ]
    database_replica_urls: Annotated[
        PostgresUrls | None, _of("Read replicas of DATABASE_URL: addresses of the same form, with commas between them")
    ] = None
    database_pooler: Annotated[
        Literal["none", "transaction"],
        _of("What stands before PostgreSQL: nothing, or a pooler such as PgBouncer in transaction mode"),
    ] = "none"
    redis_url: Annotated[
        str,
        _of(
            "Valkey or Redis: `redis://:password@host:port/0`; a cluster: `redis+cluster://:password@host:port,...`; "
            "behind Sentinels: `redis+sentinel://:password@host:port,.../service`",
            pattern=r"^rediss?(\+cluster|\+sentinel)?://",
        ),
    ]
    api_host: Annotated[str, _of("Address the API listens on", min_length=1)] = "127.0.0.1"
    api_port: Annotated[Port, _of("Port the API listens on")] = 8000
    api_db_pool_min: Annotated[int, _of("Connections an API process keeps open when idle", ge=1, le=1000)] = 2
    api_db_pool_max: Annotated[int, _of("Connections an API process opens at most", ge=1, le=1000)] = 10
    ingest_queue_limit: Annotated[
        int, _of("Transactions that may wait in an API process to be stored; above it 503", ge=1, le=1_000_000)
    ] = 10_000
    api_body_budget_mib: Annotated[
        int, _of("Bodies of requests that an API process holds at a time; above it 503", "MiB", ge=64, le=65_536)
    ] = 128
    worker_db_pool_max: Annotated[int, _of("Connections a worker opens at most", ge=1, le=1000)] = 5
    worker_consumers: Annotated[int, _of("Consumers of a worker, which share its connections", ge=1, le=100)] = 5
    worker_batch_size: Annotated[int, _of("Transactions a consumer decides at once", ge=1, le=10_000)] = 100
    queue_limit: Annotated[
        int,
        _of(
            "Messages the queue may hold (about 400 bytes of Redis each); the rest waits in PostgreSQL",
            ge=1_000,
            le=10_000_000,
        ),
    ] = 100_000
    stream_partitions: Annotated[
        int,
        _of(
            "Partitions of the queue's streams and of what is kept in Valkey, the same everywhere: 1, or some for each "
            "node of a cluster",
            ge=1,
            le=MOST_PARTITIONS,
        ),
    ] = 1
    retry_attempts: Annotated[
        int, _of("How often a failed transaction is tried again before it is a dead letter", ge=0, le=10)
    ] = 3
    retry_first_ms: Annotated[
        int,
        _of("Wait before a failed transaction is tried again, doubled each time", "ms", ge=1, le=600_000),
    ] = 1_000
    retry_jitter_percent: Annotated[int, _of("How much these waits vary, either way", "%", ge=0, le=100)] = 10
    shutdown_deadline_ms: Annotated[
        int,
        _of("How long a process that is told to stop may finish what it has begun", "ms", ge=100, le=600_000),
    ] = 3_000
    worker_takeover_idle_ms: Annotated[
        int, _of("How long a consumer may hold messages before another takes them over", "ms", ge=1000, le=3_600_000)
    ] = 30_000
    worker_metrics_port: Annotated[Port | None, _of("Port where a worker shows its metrics; unset, it shows none")] = (
        None
    )
    worker_metrics_host: Annotated[
        str,
        _of("Address that this port listens on; `0.0.0.0` for a Prometheus elsewhere, as in Kubernetes", min_length=1),
    ] = "127.0.0.1"
    process_memory_mib: Annotated[
        int,
        _of(
            "Memory an API process or worker is meant to have at most, for the metric of its share",
            "MiB",
            ge=64,
            le=1_048_576,
        ),
    ] = 256
    relay_after_ms: Annotated[
        int, _of("How long a transaction may be pending before it is queued again", "ms", ge=100, le=3_600_000)
    ] = 5_000
    retention_months: Annotated[
        int,
        _of(
            "Months kept in PostgreSQL, this one included; `partitions archive --due` takes out those before",
            ge=1,
            le=1200,
        ),
    ] = RETENTION_MONTHS
    archive_directory: Annotated[
        str | None, _of("Directory that months are archived to; unset, `partitions archive` wants `--to`")
    ] = None
    release_approval: Annotated[
        Literal["off", "required"],
        _of("Whether rule sets, catalogues, rates and models are published only after a second person's approval"),
    ] = "off"
    fail_points: Annotated[
        str | None,
        _of("Directory in which `riskengine chaos` says where this process is to fail; never set it in production"),
    ] = None
    breaker_failures: Annotated[
        int, _of("Failures in a row after which PostgreSQL, Valkey or the model is left alone", ge=1, le=1000)
    ] = 5
    breaker_open_ms: Annotated[
        int, _of("How long it is left alone before it is tried again", "ms", ge=100, le=600_000)
    ] = 1_000
    breaker_probes: Annotated[int, _of("Calls that may then try it at once", ge=1, le=1000)] = 2
    otel_exporter_otlp_endpoint: Annotated[
        HttpUrl | None,
        _of("OTLP over HTTP: where traces and metrics are sent, such as `http://collector:4318`; unset, nowhere"),
    ] = None
    metrics_push_seconds: Annotated[
        int, _of("How often metrics are sent there, beside being shown; 0: never", "s", ge=0, le=3600)
    ] = 15
    tracing_sample: Annotated[
        float, _of("Share of the requests that are traced; 0: none, and it costs nothing", "%", ge=0, le=100)
    ] = 0.0
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _of("Least level that is logged")] = "info"
    log_format: Annotated[Literal["json", "console"], _of("JSON lines for machines, or colours for people")] = "json"

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """The settings of the environment (by default this process's own, over a `.env` file in its working directory).

        Raises ConfigurationError that names every variable that is missing or wrong, and what to set.
        """
        settings = cls(**_read(table(), environment))
        settings.refuse_contradictions()
        return settings

    def refuse_contradictions(self) -> None:
        """Raises ConfigurationError if settings cannot both be."""
        if self.api_db_pool_min > self.api_db_pool_max:
            raise ConfigurationError(
                "API_DB_POOL_MIN must not be above API_DB_POOL_MAX: lower the one or raise the other"
            )
        if self.tracing_sample > 0 and self.otel_exporter_otlp_endpoint is None:
            raise ConfigurationError(
                "TRACING_SAMPLE is above 0 and OTEL_EXPORTER_OTLP_ENDPOINT is not set: say where traces are to go, or "
                "set TRACING_SAMPLE to 0"
            )

    @property
    def replica_urls(self) -> tuple[str, ...]:
        """The addresses of the replicas. One of them may itself name several hosts, with commas."""
        urls = self.database_replica_urls
        return () if urls is None else tuple(re.split(r",\s*(?=postgres(?:ql)?://)", urls))

    @property
    def pooled(self) -> bool:
        """Whether a pooler gives each transaction a connection."""
        return self.database_pooler == TRANSACTION


class Reading(msgspec.Struct, frozen=True):
    """What variables say: the values of those that are set, by field, and what is wrong with others, by variable."""

    values: dict[str, Any]
    faults: dict[str, str]


class Setting(msgspec.Struct, frozen=True):
    """One row of the table: the variable, the type of its value, and what it means."""

    field: str
    type: inspect.Type
    default: str | float | None
    required: bool
    unit: str
    meaning: str

    @property
    def variable(self) -> str:
        return self.field.upper()

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        return _in_words(self.type)

    def parse(self, text: str) -> Any:
        """The value of a variable's text. Raises msgspec.ValidationError if it is not acceptable."""
        annotation = Settings.__annotations__[self.field]
        return msgspec.convert(text, annotation, strict=False)


def table() -> list[Setting]:
    """Every setting there is."""
    described = inspect.type_info(Settings)
    assert isinstance(described, inspect.StructType)
    return [_setting(field) for field in described.fields]


def database_url(environment: Mapping[str, str] | None = None) -> str:
    """DATABASE_URL alone, for commands that need nothing else. Raises ConfigurationError if it is missing or wrong."""
    return str(_read_one("database_url", environment)["database_url"])


def direct_database_url(command: str, environment: Mapping[str, str] | None = None) -> str:
    """DATABASE_URL for a command that needs whole sessions. Raises ConfigurationError, also if a pooler is there."""
    if pooled(environment):
        raise ConfigurationError(
            f"`riskengine {command}` does not work through a pooler: for this command set DATABASE_URL to the "
            "address of PostgreSQL itself, and DATABASE_POOLER to none"
        )
    return database_url(environment)


def pooled(environment: Mapping[str, str] | None = None) -> bool:
    """Whether DATABASE_POOLER says that a pooler gives each transaction a connection. Raises ConfigurationError."""
    return _read_one("database_pooler", environment).get("database_pooler") == TRANSACTION


def redis_url(environment: Mapping[str, str] | None = None) -> str:
    """REDIS_URL alone. Raises ConfigurationError if it is missing or wrong."""
    return str(_read_one("redis_url", environment)["redis_url"])


def stream_partitions(environment: Mapping[str, str] | None = None) -> int:
    """STREAM_PARTITIONS alone, or its default. Raises ConfigurationError if it is wrong."""
    return int(_read_one("stream_partitions", environment).get("stream_partitions", 1))


def retention_months(environment: Mapping[str, str] | None = None) -> int:
    """RETENTION_MONTHS alone. Raises ConfigurationError if it is wrong."""
    return int(_read_one("retention_months", environment).get("retention_months", RETENTION_MONTHS))


def archive_directory(environment: Mapping[str, str] | None = None) -> Path | None:
    """ARCHIVE_DIRECTORY alone; None if it is not set."""
    found = _read_one("archive_directory", environment).get("archive_directory")
    return None if found is None else Path(found)


def approval_required(environment: Mapping[str, str] | None = None) -> bool:
    """Whether RELEASE_APPROVAL asks for a second person. Raises ConfigurationError if it says neither."""
    return _read_one("release_approval", environment).get("release_approval") == REQUIRED


def _read_one(field: str, environment: Mapping[str, str] | None) -> dict[str, Any]:
    return _read([setting for setting in table() if setting.field == field], environment)


def examine(environment: Mapping[str, str] | None = None) -> Reading:
    """All settings as far as they can be read; nothing is refused."""
    return _look(table(), surroundings() if environment is None else environment)


def surroundings() -> dict[str, str]:
    """The variables of this process's environment, over those of a `.env` file in its working directory."""
    return {**{name: text or "" for name, text in dotenv_values(".env").items()}, **os.environ}


def _read(rows: Sequence[Setting], environment: Mapping[str, str] | None) -> dict[str, Any]:
    """The values of those variables that are set, by field."""
    found = _look(rows, surroundings() if environment is None else environment)
    if found.faults:
        faults = "\n  ".join(found.faults.values())
        raise ConfigurationError(f"settings to correct, in the environment or in .env:\n  {faults}")
    return found.values


def _look(rows: Sequence[Setting], environment: Mapping[str, str]) -> Reading:
    found = Reading({}, {})
    for setting in rows:
        text = environment.get(setting.variable, "").strip()
        try:
            if text:
                found.values[setting.field] = setting.parse(text)
            elif setting.required:
                found.faults[setting.variable] = f"{setting.variable} is not set: {setting.meaning}"
        except msgspec.ValidationError:
            found.faults[setting.variable] = f"{setting.variable} must be {setting.expected} ({setting.meaning})"
    return found


def _setting(field: inspect.Field) -> Setting:
    assert isinstance(field.type, inspect.Metadata)
    return Setting(
        field=field.name,
        type=field.type.type,
        default=None if field.default is msgspec.NODEFAULT else field.default,
        required=field.required,
        unit=(field.type.extra or {})["unit"],
        meaning=(field.type.extra_json_schema or {})["description"],
    )


def _in_words(kind: inspect.Type) -> str:
    match kind:
        case inspect.UnionType(types):
            return _in_words(next(member for member in types if not isinstance(member, inspect.NoneType)))
        case inspect.IntType():
            return f"a whole number from {kind.ge} to {kind.le}"
        case inspect.FloatType():
            return f"a number from {kind.ge} to {kind.le}"
        case inspect.LiteralType():
            return "one of " + ", ".join(map(str, kind.values))
        case inspect.StrType(pattern=str()):
            return "an address of the form given"
        case _:
            return "a text"
