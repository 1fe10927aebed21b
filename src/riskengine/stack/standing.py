"""How many processes are wanted and what there is, as files in the data directory, each replaced as a whole."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from riskengine.stack import ports

MOST = 32
"""Processes of a kind on one machine: beyond that it gains nothing."""

_WANTED = "scale.wanted.json"
_STANDING = "scale.standing.json"
_TARGETS = "prometheus.targets.json"

_Count = Annotated[int, msgspec.Meta(ge=1, le=MOST)]
_Read = TypeVar("_Read", bound=msgspec.Struct)


class Kind(StrEnum):
    """The engine's processes of which there may be several."""

    API = "api"
    WORKER = "worker"


class State(StrEnum):
    """Where an instance stands."""

    STARTING = "starting"
    RUNNING = "running"
    DOWN = "down"
    """It died, and another process will follow."""
    LEAVING = "leaving"
    """It gets no more work, finishes what it has, and ends."""


class Counts(msgspec.Struct, frozen=True):
    """So many processes of each kind."""

    api: _Count
    worker: _Count

    def of(self, kind: Kind) -> int:
        """How many of that kind."""
        return self.api if kind is Kind.API else self.worker


class Wanted(msgspec.Struct, frozen=True):
    """What somebody asked for. `number` grows with each time that somebody asks the same stack."""

    number: int
    counts: Counts

    def write(self, directory: Path) -> None:
        """Asks the stack that works in the directory."""
        _replace(directory / _WANTED, self)

    @classmethod
    def read(cls, directory: Path) -> "Wanted | None":
        """What was asked for last; None if nobody asked, or if it cannot be read."""
        return _read(directory / _WANTED, cls)


class Instance(msgspec.Struct, frozen=True):
    """One process of the engine; `port` is its own on the loopback interface: HTTP, or of a worker its metrics."""

    name: str
    kind: Kind
    pid: int
    port: int
    state: State


class Targets(msgspec.Struct, frozen=True):
    """Where a process shows its metrics (`host:port`), and the labels it gets: what `file_sd_configs` reads."""

    targets: list[str]
    labels: dict[str, str]


class Standing(msgspec.Struct, frozen=True):
    """What there is in the stack that process `holder` runs.

    `number` is of the last request that was dealt with, and `refusal` why it could not be met; then `counts`, how many
    there are to be, is as before.
    """

    holder: int
    number: int
    counts: Counts
    refusal: str | None
    instances: tuple[Instance, ...]

    @property
    def targets(self) -> list[Targets]:
        """For Prometheus: all that have begun their work, also those that died and will be followed by others.

        The labels are none that a metric has itself: `role` and `kind` would take the place of what these say.
        """
        return [
            Targets([f"{ports.LOOPBACK}:{one.port}"], {"service": f"riskengine-{one.kind}", "process": one.name})
            for one in self.instances
            if one.state is not State.STARTING
        ]

    def write(self, directory: Path) -> None:
        """Shows it to whoever looks into the directory, and to Prometheus."""
        _replace(directory / _TARGETS, self.targets)
        _replace(directory / _STANDING, self)

    @classmethod
    def read(cls, directory: Path) -> "Standing | None":
        """What a stack showed last; None if none did. It may be of one that was killed: the lock tells."""
        return _read(directory / _STANDING, cls)


def clear(directory: Path) -> None:
    """Removes the files, if they are there."""
    for name in (_WANTED, _STANDING, _TARGETS):
        (directory / name).unlink(missing_ok=True)


def _read(path: Path, kind: type[_Read]) -> _Read | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _replace(path: Path, value: msgspec.Struct | list[Targets]) -> None:
    draft = path.with_suffix(f".{os.getpid()}.draft")
    draft.write_bytes(msgspec.json.encode(value))
    draft.replace(path)
