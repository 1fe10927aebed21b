"""Which of an account's events a feature is about: its filter, and what they have in common with the transaction."""

import msgspec

from riskengine.scoring.features.catalogue import Feature


class Condition(msgspec.Struct, frozen=True):
    """A condition as Python code over the values of columns, called `c_<column>`, and the columns it reads."""

    code: str
    columns: tuple[str, ...]


def condition(feature: Feature) -> Condition:
    """The condition that an event must meet. Raises ConfigurationError if the filter is wrong."""
    return Condition(f"c_{feature.per} == event.{feature.per}", (str(feature.per),))
