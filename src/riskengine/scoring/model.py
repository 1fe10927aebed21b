"""The port to a model: whatever turns features into the probability of fraud."""

from collections.abc import Sequence
from typing import Protocol


class Model(Protocol):
    """A model that is ready for one catalogue. Vectors are those of the catalogue; a missing value is NaN."""

    @property
    def version(self) -> int:
        """The number of its release."""
        ...

    def score(self, vectors: Sequence[Sequence[float]]) -> Sequence[float | None]:
        """A score of 0..100 for each vector; None where there is none: the model was late, failed, or gave no number.

        The same vector always gives the same score, whatever else is in the batch.
        """
        ...

    def influences(self, vector: Sequence[float]) -> Sequence[tuple[str, float]]:
        """The features that moved the score of a vector most, with the points each added, the largest first."""
        ...
