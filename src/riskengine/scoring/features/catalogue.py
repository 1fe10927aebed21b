"""The catalogue of features: what there is to know of a transaction, as data."""

from typing import Literal

import msgspec

from riskengine.domain.clock import DAY, HOUR, MINUTE
from riskengine.domain.errors import ConfigurationError

Entity = Literal["account", "peers", "device", "ip", "beneficiary"]

LONGEST_WINDOW = 30 * DAY
"""What a history is kept for; a longer window would see only a part."""

_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The definition of one feature; data/catalogue.yaml explains the fields."""

    name: str
    aggregate: str
    unit: str
    description: str
    entity: Entity = "account"
    of: str = ""
    window: str = ""
    least: int = 0
    default: float | None = None

    @property
    def window_ms(self) -> int:
        """The length of the window in ms."""
        number, unit = self.window[:-1], self.window[-1:]
        length = int(number) * _UNITS[unit] if number.isdecimal() and unit in _UNITS else 0
        if not 0 < length <= LONGEST_WINDOW:
            raise ConfigurationError(
                f"feature {self.name}: the window {self.window!r} must be like 5m, 24h or 30d, up to 30d"
            )
        return length


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A numbered list of features, in the order of the vectors that are stored."""

    version: int
    features: tuple[Feature, ...]

    def __post_init__(self) -> None:
        names = self.names
        if twice := {name for name in names if names.count(name) > 1}:
            raise ConfigurationError(f"the catalogue has more than one feature of the name {min(twice)}")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features."""
        return tuple(feature.name for feature in self.features)


def load(text: str | bytes) -> Catalogue:
    """Reads a catalogue from YAML. Raises ConfigurationError if it is not one."""
    try:
        return msgspec.yaml.decode(text, type=Catalogue)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"the feature catalogue cannot be read: {error}") from error
