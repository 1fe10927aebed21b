"""What is to be played through: a file in YAML, read strictly."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from riskengine.autoscaling.plan import Written
from riskengine.capacity.whatif.arrivals import Arrivals, Second
from riskengine.capacity.whatif.failures import Failure
from riskengine.domain import strict_yaml
from riskengine.domain.errors import ConfigurationError
from riskengine.stack.standing import MOST

LONGEST_S = 31 * 86_400.0
"""Seconds: a month. What takes longer is a trend, and one for `riskengine plan`."""

_Count = Annotated[int, Meta(ge=1, le=MOST)]
_Share = Annotated[float, Meta(ge=0)]


class Mix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parts of the arrivals by the way they come: `POST /transactions`, `/transactions/batch`, `/decisions`."""

    single: _Share = 1.0
    batch: _Share = 0.0
    decisions: _Share = 0.0

    @property
    def shares(self) -> tuple[float, float, float]:
        """Single, batch and decisions, together 1."""
        total = self.single + self.batch + self.decisions
        return self.single / total, self.batch / total, self.decisions / total


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many processes there are in the beginning."""

    api: _Count = 2
    worker: _Count = 2


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an hour costs of one API process, of one worker, and of all that does not change (PostgreSQL, Valkey)."""

    api_hour: _Share = 0.0
    worker_hour: _Share = 0.0
    fixed_hour: _Share = 0.0
    currency: str = "USD"


class QueueLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """INGEST_QUEUE_LIMIT and QUEUE_LIMIT, as the settings of the engine have them."""

    ingest_queue: Annotated[int, Meta(ge=1)] = 10_000
    queue: Annotated[int, Meta(ge=1)] = 100_000


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scenario. docs/whatif.md explains every field."""

    duration_s: Annotated[float, Meta(gt=0, le=LONGEST_S)]
    arrivals: Arrivals
    poisson: bool = True
    seed: Annotated[int, Meta(ge=0)] = 7
    mix: Mix = Mix()
    start: Start = Start()
    calibration: str | None = None
    cores: Annotated[float, Meta(gt=0)] | None = None
    senders_us: _Share = 0.0
    ready_s: Second = 5.0
    limits: QueueLimits = QueueLimits()
    autoscaler: Written | None = None
    failures: tuple[Failure, ...] = ()
    prices: Prices = Prices()
    late_after_s: Annotated[float, Meta(gt=0)] = 30.0


def read(path: Path) -> Scenario:
    """The scenario in a file. Raises ConfigurationError that names the field and what to do."""
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise ConfigurationError(
            f"the scenario {path} cannot be read ({error.strerror}); "
            "`riskengine whatif --example spike` prints one to begin with"
        ) from None


def parse(text: bytes, name: str = "the scenario") -> Scenario:
    """The scenario in a text. Raises ConfigurationError that names the field and what to do."""
    try:
        scenario = msgspec.convert(strict_yaml.load(text), Scenario)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        field = place.rstrip("`").lstrip(".") or "the whole"
        raise ConfigurationError(f"{name}: {field}: {message}; docs/whatif.md tells what each field takes") from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    faults = _faults(scenario)
    if faults:
        raise ConfigurationError(f"{name}: " + "; ".join(faults))
    return scenario


def _faults(scenario: Scenario) -> list[str]:
    """What is wrong with fields together: each with the field and what to do."""
    found = [f"arrivals.{fault}" for fault in scenario.arrivals.faults()]
    if sum((scenario.mix.single, scenario.mix.batch, scenario.mix.decisions)) <= 0:
        found.append("mix: all parts are 0: give at least one of single, batch and decisions")
    for number, failure in enumerate(scenario.failures):
        if failure.at_s >= scenario.duration_s:
            found.append(
                f"failures[{number}].at_s: {failure.at_s:g} is not before the end at {scenario.duration_s:g}: "
                "have it fail earlier, or raise duration_s"
            )
    if scenario.autoscaler is not None:
        try:
            scenario.autoscaler.plan()
        except ConfigurationError as error:
            found.append(f"autoscaler: {error}")
    return found
