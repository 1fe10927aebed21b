"""What came of executing decisions again."""

from uuid import UUID

import msgspec

from riskengine.domain.decision import Versions


class Difference(msgspec.Struct, frozen=True):
    """A field of a decision that is not what it was: as it is stored, and as it came out this time."""

    transaction_id: UUID
    account_id: str
    field: str
    stored: object
    replayed: object


class SharedFeature(msgspec.Struct, frozen=True):
    """How a feature that accounts share came out: of so many, how many identical, and the largest difference.

    The difference is in the feature's unit, over the pairs in which neither value is missing.
    """

    name: str
    compared: int
    identical: int
    largest: float


class Report(msgspec.Struct, frozen=True):
    """What came of executing `total` decisions again.

    `differing` have a field that is not bit-identical: `differences` are the first of them. Those in `beyond` differ,
    too, but only in features for which more is needed than a history holds. `shared` is for information. `versions`
    counts decisions by what they were made with. `archived` is the end of the latest archived month (ms), 0 if none is:
    nothing from before it was executed.
    """

    total: int
    differing: int
    beyond: int
    differences: tuple[Difference, ...]
    shared: tuple[SharedFeature, ...]
    versions: dict[Versions, int]
    seconds: float
    archived: int = 0

    @property
    def identical(self) -> int:
        """Decisions of which every field is the same, to the last bit."""
        return self.total - self.differing - self.beyond

    @property
    def sound(self) -> bool:
        """Whether no decision differs that must not."""
        return not self.differing

    @property
    def sentence(self) -> str:
        """What was found, in one line."""
        said = f"{self.identical:,} of {self.total:,} decisions executed again are bit-identical"
        return f"{said}; {self.beyond:,} are beyond exact memory" if self.beyond else said
