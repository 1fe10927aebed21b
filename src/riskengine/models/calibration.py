"""From what a model puts out to a probability: the calibration of a bundle."""

import math
from bisect import bisect_right
from itertools import pairwise

import msgspec

from riskengine.domain.errors import ConfigurationError

CLOSE = 1e-6
"""So far outside of 0..1 a probability may lie: outputs are 32-bit floats."""


class Uncalibrated(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="none"):
    """The output is the probability."""

    def probability(self, output: float) -> float:
        """The probability of an output, 0..1; NaN if it is none."""
        return min(max(output, 0.0), 1.0) if -CLOSE <= output <= 1 + CLOSE else math.nan


class Platt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="platt"):
    """1 / (1 + exp(a x + b)), so that `a` is negative where a larger output means fraud (Platt 1999)."""

    a: float
    b: float

    def __post_init__(self) -> None:
        _finite("a and b of the Platt calibration", (self.a, self.b))

    def probability(self, output: float) -> float:
        """The probability of an output, 0..1; NaN if it is not finite."""
        if not math.isfinite(output):
            return math.nan
        exponent = self.a * output + self.b
        if exponent > 0:  # neither way overflows
            small = math.exp(-exponent)
            return small / (1 + small)
        return 1 / (1 + math.exp(exponent))


class Isotonic(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="isotonic"):
    """Straight lines through the points (x, y), level outside of them (isotonic regression, Zadrozny & Elkan 2002)."""

    x: tuple[float, ...]
    y: tuple[float, ...]

    def __post_init__(self) -> None:
        _finite("x and y of the isotonic calibration", (*self.x, *self.y))
        if not self.x or len(self.x) != len(self.y):
            raise ConfigurationError("the isotonic calibration must have as many y as x, and at least one")
        if any(after <= before for before, after in pairwise(self.x)):
            raise ConfigurationError("the x of the isotonic calibration must rise")
        if any(after < before for before, after in pairwise(self.y)) or not 0 <= self.y[0] <= self.y[-1] <= 1:
            raise ConfigurationError("the y of the isotonic calibration must be probabilities, 0 to 1, that never fall")

    def probability(self, output: float) -> float:
        """The probability of an output, 0..1; NaN if it is not finite."""
        if not math.isfinite(output):
            return math.nan
        place = bisect_right(self.x, output)
        if place == 0 or place == len(self.x):
            return self.y[place and -1]
        left, right = self.x[place - 1], self.x[place]
        low, high = self.y[place - 1], self.y[place]
        return low + (high - low) * ((output - left) / (right - left))


Calibration = Uncalibrated | Platt | Isotonic


def _finite(what: str, numbers: tuple[float, ...]) -> None:
    if not all(map(math.isfinite, numbers)):
        raise ConfigurationError(f"{what} must be finite numbers; calibrate the model again")
