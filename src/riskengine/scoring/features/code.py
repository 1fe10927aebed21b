"""A function being written: lines of Python in which each shared expression is computed once."""

from collections.abc import Sequence

from riskengine.domain.clock import MINUTE
from riskengine.scoring.features.catalogue import LONGEST_WINDOW, Feature
from riskengine.scoring.records import SUMS_AT, WIDTH, Sums

_LISTED = {"distinct", "same", "smallest", "largest"}
"""The aggregates that look at all values of a window."""


class Code:
    """The body of the feature function. Aggregates name what they need, and each need is met by one line."""

    def __init__(self, features: Sequence[Feature]) -> None:
        """Begins with the windows over the account's events: the index of each one's first record, longest first."""
        self._lines: dict[str, str] = {}
        self._features = features
        lengths = {f.window_ms for f in features if f.window and f.entity == "account"} | {LONGEST_WINDOW}
        self._lengths = sorted(lengths, reverse=True)
        first = "1"
        for length in self._lengths:
            first = self.let(f"start_{self.label(length)}", f"bisect_right(times, now - {length}, {first}, end)")

    def let(self, name: str, expression: str) -> str:
        """Computes an expression under a name, the first time; gives the name."""
        known = self._lines.setdefault(name, expression)
        assert known == expression, f"{name} stands for two expressions"
        return name

    def label(self, length: int) -> str:
        """What the window of that length (ms) is called in names."""
        return f"{length // MINUTE}m"

    def reach(self, of: str) -> str:
        """The label of the longest window in which all values of that are looked at."""
        return self.label(max(f.window_ms for f in self._features if f.of == of and f.aggregate in _LISTED))

    def is_counted(self, of: str, label: str) -> bool:
        """Whether the different values of that are counted over the window."""
        counted = [f for f in self._features if f.of == of and f.aggregate == "distinct"]
        return any(self.label(f.window_ms) == label for f in counted)

    def sums(self, label: str) -> str:
        """The running sums at the end and before the start of a window, as a suffix of their names."""
        self.let(
            ", ".join(f"end_{field}" for field in Sums._fields), f"sums(records, end * {WIDTH} - {WIDTH - SUMS_AT})"
        )
        names = ", ".join(f"{field}_before_{label}" for field in Sums._fields)
        self.let(names, f"sums(records, start_{label} * {WIDTH} - {WIDTH - SUMS_AT})")
        return label

    def count(self, field: str, label: str) -> str:
        """How many in the window: the difference of a running count (modulo 2^32)."""
        self.sums(label)
        return self.let(f"{field}_{label}", f"(end_{field} - {field}_before_{label}) & {2**32 - 1}")

    def total(self, field: str, label: str) -> str:
        """How much in the window: the difference of a running sum (modulo 2^64)."""
        self.sums(label)
        return self.let(f"{field}_{label}", f"(end_{field} - {field}_before_{label}) & {2**64 - 1}")

    def squares(self, label: str) -> str:
        """The sum of the squared amounts in the window (modulo 2^128)."""
        self.sums(label)
        before = f"(high_before_{label} << 64 | low_before_{label})"
        return self.let(f"squares_{label}", f"((end_high << 64 | end_low) - {before}) & {2**128 - 1}")

    def text(self) -> str:
        """The lines, in the order in which they were first needed."""
        return "\n".join(f"    {name} = {expression}" for name, expression in self._lines.items())
