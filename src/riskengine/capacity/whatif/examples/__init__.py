"""Scenarios to begin with, and the calibration of a small machine for those who have none of their own."""

from importlib import resources
from typing import TYPE_CHECKING

import msgspec

from riskengine.capacity.calibration import Calibration
from riskengine.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

NAMES = ("spike", "day", "outage")
"""The scenarios, by name."""


def scenario(name: str) -> str:
    """The text of a scenario. Raises ConfigurationError if none is called so."""
    if name not in NAMES:
        raise ConfigurationError(f"no example is called '{name}'; there are {', '.join(NAMES)}")
    return _file(f"{name}.yaml").read_text(encoding="utf-8")


def calibration() -> Calibration:
    """What a machine of 2 virtual cores was measured to do."""
    return msgspec.json.decode(_file("calibration.json").read_bytes(), type=Calibration)


def _file(name: str) -> "Traversable":
    return resources.files(__name__).joinpath(name)
