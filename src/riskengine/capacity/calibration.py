"""What a transaction costs on one machine: measured by `riskengine calibrate`, read by planner and simulator."""

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

    `batch_size` is the most that it takes at once, `consumers` how many batches it has in hand at a time, and
    `tps` how many transactions a second it was measured to decide while the queue was never empty.
    """

    batch_ms: float
    transaction_ms: float
    batch_size: int
    consumers: int
    tps: float


class Sizes(msgspec.Struct, frozen=True):
    """Bytes: of a transaction for ever on PostgreSQL's disk and in its WAL, of one that waits in Valkey's queue,
    of an account's history event, of a cached decision; and what a process keeps resident.
    """

    disk: float
    wal: float
    queued: float
    history_event: float
    cached_decision: float
    api_rss: float
    worker_rss: float


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
