"""The catalogue of features: what there is to know of a transaction, as data."""

import re
from functools import cached_property
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from riskengine.domain.clock import DAY, HOUR, MINUTE, SECOND
from riskengine.domain.errors import ConfigurationError
from riskengine.scoring.records import CHANGE_REACH

Entity = Literal["account", "peers", "device", "ip", "beneficiary", "merchant"]
"""Whose events: the account's own, those of all accounts of its type, or those of all accounts on a shared thing."""

Column = Literal["merchant", "category", "location", "device", "country", "channel", "beneficiary", "ip"]
"""What an account's events may have in common with the transaction."""

LONGEST_WINDOW = 90 * DAY

MOST_FEATURES = 500
"""Features of a catalogue: it bounds the stored vectors (4 bytes each) and the work."""

FLAG = "0 or 1"
"""The unit of features that say yes or no: in rules they may stand as a truth by themselves."""

TIMES = {"s": SECOND, "min": MINUTE, "h": HOUR, "days": DAY}
"""Units of time that a feature's value may have, in ms."""

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_WINDOW = re.compile(r"([0-9]{1,6})([smhdw])")


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The definition of one feature; data/catalogue.yaml explains the fields."""

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,62}$")]
    aggregate: str
    entity: Entity = "account"
    per: Column | None = None
    of: str = ""
    window: str = ""
    filter: Annotated[str, Meta(max_length=1000)] = ""
    least: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    default: float | None = None
    unit: Annotated[str, Meta(max_length=60)]
    description: Annotated[str, Meta(max_length=300)]

    @property
    def window_ms(self) -> int:
        """The length of the window in ms."""
        found = _WINDOW.fullmatch(self.window)
        length = int(found[1]) * _UNITS[found[2]] if found else 0
        if not 0 < length <= LONGEST_WINDOW:
            raise ConfigurationError(
                f"feature {self.name}: the window {self.window!r} must be like 30s, 5m, 24h or 30d, up to 90d"
            )
        return length


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """A numbered list of features, in the order of the vectors that are stored."""

    version: int
    features: Annotated[tuple[Feature, ...], Meta(min_length=1, max_length=MOST_FEATURES)]

    def __post_init__(self) -> None:
        names = self.names
        if len(set(names)) < len(names):
            twice = min(name for name in names if names.count(name) > 1)
            raise ConfigurationError(f"the catalogue has more than one feature of the name {twice}")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def horizon(self) -> int:
        """How many days an account's history must reach back: its longest window, and a day for what comes late.

        At least as far as a change of location or channel looks back.
        """
        windows = [f.window_ms for f in self.features if f.window and f.entity == "account"]
        return -(-max(CHANGE_REACH, *windows) // DAY) + 1 if windows else CHANGE_REACH // DAY + 1


def load(text: str | bytes) -> Catalogue:
    """Reads a catalogue from YAML. Raises ConfigurationError if it is not one."""
    try:
        return msgspec.yaml.decode(text, type=Catalogue)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"the feature catalogue cannot be read: {error}") from error


def dump(catalogue: Catalogue) -> str:
    """The catalogue as YAML: a feature a line, fields in the order of their definition."""
    lines = [f"version: {catalogue.version}", "features:"]
    for feature in catalogue.features:
        fields = ", ".join(f"{name}: {_plain(value)}" for name, value in msgspec.to_builtins(feature).items())
        lines.append(f"  - {{{fields}}}")
    return "\n".join(lines) + "\n"


def _plain(value: object) -> str:
    """A scalar in flow style: bare where YAML takes it for the same text, otherwise in quotes as JSON has them."""
    text = str(value)
    if not isinstance(value, str) or _BARE.fullmatch(text):
        return text
    return msgspec.json.encode(value).decode()


_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_./() -]*[A-Za-z0-9_)]|[A-Za-z]|[0-9]+[smhdw]")
COLUMNS: tuple[Column, ...] = get_args(Column)
