"""What a transaction costs on one machine: measured by `riskengine calibrate`, read by planner and simulator."""

import os
import platform
from pathlib import Path

import msgspec

from riskengine.domain.errors import ConfigurationError

FORM = 1
"""Version of the file's form."""


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured."""

    processor: str
    cores: int
    memory_gb: float
    system: str
    python: str

    @classmethod
    def here(cls) -> "Machine":
        """This machine."""
        return cls(
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            system=f"{platform.system()} {platform.release()}",
            python=platform.python_version(),
        )


class Costs(msgspec.Struct, frozen=True):
    """Processor time of one transaction in each part: microseconds."""

    api_us: float
    worker_us: float
    postgresql_us: float
    valkey_us: float
    balancer_us: float

    @property
    def total_us(self) -> float:
        """In all parts together."""
        return self.api_us + self.worker_us + self.postgresql_us + self.valkey_us + self.balancer_us


class Service(msgspec.Struct, frozen=True):
    """How long one worker takes for a batch of n: `batch_ms + n × transaction_ms`, wall-clock, with nobody beside it.

    That is the worker's time, whatever its `consumers` overlap: at n a batch it decides 1000 n / (batch_ms + n ×
    transaction_ms) a second. `batch_size` is the most that one takes at once, `consumers` how many batches it has in
    hand at a time, and `tps` how many transactions a second it was measured to decide while the queue was never empty.
    """

    batch_ms: float
    transaction_ms: float
    batch_size: int
    consumers: int
    tps: float


class Sizes(msgspec.Struct, frozen=True):
    """Bytes: of a transaction for ever on PostgreSQL's disk and in its WAL, of one that waits in Valkey's queue,
    of an account's history event, of a cached decision; and what a process keeps resident.

    `history` is what an account's history takes beside its events, and `network` what a transaction moves: its request,
    and to and from Valkey. Both are 0 if they were not measured.
    """

    disk: float
    wal: float
    queued: float
    history_event: float
    cached_decision: float
    api_rss: float
    worker_rss: float
    history: float = 0.0
    network: float = 0.0


class Calibration(msgspec.Struct, frozen=True):
    """All that was measured. `singles` are costs of POST /transactions, `batches` of POST /transactions/batch in
    hundreds, `decisions` of POST /decisions. `api_tps` is what one API process accepted singly a second. `error` is the
    share by which the planner's prediction missed a run that was measured beside it.
    """

    form: int
    taken_at: str
    machine: Machine
    engine: dict[str, int]
    """The versions that ran, by kind."""
    singles: Costs
    batches: Costs
    decisions: Costs
    service: Service
    api_tps: float
    sizes: Sizes
    error: float

    def write(self, path: Path) -> None:
        """Stores it as JSON that people can read."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")

    @classmethod
    def read(cls, path: Path) -> "Calibration":
        """What `write` stored. Raises ConfigurationError if it is not there, or is no calibration of this form."""
        try:
            found = msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError:
            raise ConfigurationError(f"there is no calibration {path}: make one with `riskengine calibrate`") from None
        except (msgspec.DecodeError, OSError) as error:
            raise ConfigurationError(
                f"{path} is no calibration ({error}): make one with `riskengine calibrate`"
            ) from None
        if found.form != FORM:
            raise ConfigurationError(
                f"{path} is of form {found.form}, and not {FORM}: make it anew with `riskengine calibrate`"
            )
        return found


def _processor() -> str:
    """The processor's name, where the system tells it."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
