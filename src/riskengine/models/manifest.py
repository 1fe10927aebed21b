"""What a bundle says of its model: `bundle.yaml`."""

from datetime import date
from hashlib import blake2b
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from riskengine.domain.errors import ConfigurationError
from riskengine.models.calibration import Calibration, Uncalibrated
from riskengine.scoring.features.catalogue import MOST_FEATURES, Catalogue, Feature

Text = Annotated[str, Meta(min_length=1, max_length=4_000)]

LONGEST_DEADLINE_MS = 1_000
"""A batch that waited longer for a model would be felt by all senders."""

DEADLINE_MS = 20
"""The deadline where none is given: a decision takes a few ms without a model."""


LARGEST_REFERENCE = 1e30
"""Inputs are 32-bit floats, and the trial run multiplies them."""


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A feature that the model takes. `reference` (its median in training) stands for it where it is missing.

    `definition` is the digest of what the feature was defined as in the catalogue that the model was trained on.
    """

    name: str
    reference: float
    definition: str

    def __post_init__(self) -> None:
        if not abs(self.reference) <= LARGEST_REFERENCE:
            raise ConfigurationError(f"the reference value of {self.name} must be a finite number, such as its median")


class Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the model's answer stands: the name of the output, and the column, where it has more than one."""

    name: str
    column: Annotated[int, Meta(ge=0)] = 0


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people must know of a model before they let it decide (Mitchell et al. 2019, Model Cards)."""

    trained_on: Text
    trained_at: date
    metrics: Annotated[dict[str, float], Meta(max_length=100)]
    intended_use: Text
    limits: Text


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model as data. `features` are in the order of its input, `catalogue` is the version it was trained on.

    `deadline_ms` is how long a batch may wait for it.
    """

    format: Literal[1] = 1
    name: Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    catalogue: int
    features: Annotated[tuple[Input, ...], Meta(min_length=1, max_length=MOST_FEATURES)]
    output: Output
    calibration: Calibration = msgspec.field(default_factory=Uncalibrated)
    deadline_ms: Annotated[int, Meta(ge=1, le=LONGEST_DEADLINE_MS)] = DEADLINE_MS
    card: Card

    def __post_init__(self) -> None:
        names = [feature.name for feature in self.features]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ConfigurationError(f"the model takes the feature {min(twice)} more than once; name each once")

    def columns(self, catalogue: Catalogue) -> list[int]:
        """Where each of its features stands in vectors of the catalogue.

        Raises ConfigurationError if one is not there, or is defined otherwise than in training.
        """
        known = {feature.name: (place, feature) for place, feature in enumerate(catalogue.features)}
        places = []
        for needed in self.features:
            if needed.name not in known:
                raise ConfigurationError(
                    f"the model takes the feature {needed.name}, which catalogue {catalogue.version} does not have; "
                    "add it to the catalogue, or train the model without it"
                )
            place, feature = known[needed.name]
            if definition(feature) != needed.definition:
                raise ConfigurationError(
                    f"the feature {needed.name} is defined otherwise in catalogue {catalogue.version} than in "
                    f"{self.catalogue}, which the model was trained on; train it again, and pack it anew"
                )
            places.append(place)
        return places


def definition(feature: Feature) -> str:
    """A digest of how a feature is computed: all that is said of it but the words for people."""
    said = msgspec.to_builtins(feature)
    computed = {key: value for key, value in said.items() if key not in {"unit", "description"}}
    return blake2b(msgspec.json.encode(computed, order="sorted"), digest_size=8).hexdigest()


def load(text: bytes) -> Manifest:
    """Reads `bundle.yaml`. Raises ConfigurationError if it is not one."""
    try:
        return msgspec.yaml.decode(text, type=Manifest)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"bundle.yaml cannot be read: {' '.join(str(error).split())}") from error
