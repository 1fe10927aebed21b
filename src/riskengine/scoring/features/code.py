"""A function being written: lines of Python in which each shared expression is computed once."""

from collections.abc import Sequence
from struct import Struct

from riskengine.domain.clock import DAY, SECOND
from riskengine.scoring.features.catalogue import Feature
from riskengine.scoring.records import SUMS_AT, WIDTH, Sums

HABIT = 30 * DAY
"""The past that an account's habits are taken from (ms): there is always a window of this length."""

MOST_LISTED = 128
"""Events of a window that are looked at one by one, the newest: so that a busy account costs no more than others."""

_LISTED = {"distinct", "smallest", "largest"}
"""The aggregates that look at all values of a window."""

_SIZES = {name: "I" if place < 5 else "Q" for place, name in enumerate(Sums._fields)}


class Code:
    """The body of the feature function. Aggregates name what they need, and each need is met by one line."""

    def __init__(self, features: Sequence[Feature]) -> None:
        """Begins with the windows over the account's events: the index of each one's first record, longest first."""
        self._lines: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._features = features
        self._summed: dict[str, set[str]] = {}
        lengths = sorted({f.window_ms for f in features if f.window and f.entity == "account"} | {HABIT}, reverse=True)
        first = "1"
        for length in lengths:
            search = f"bisect_right(times, now - {length}, {first}, end)"
            if first != "1":  # most short windows are empty, as those around them are
                search = f"{search} if {first} < end else end"
            first = self.let(f"start_{self.label(length)}", search)

    def let(self, name: str, expression: str) -> str:
        """Computes an expression under a name, the first time; gives the name."""
        known = self._lines.setdefault(name, expression)
        assert known == expression, f"{name} stands for two expressions"
        return name

    def once(self, prefix: str, expression: str) -> str:
        """Computes an expression the first time it is asked for; gives its name, which begins with the prefix."""
        name = self._names.setdefault(expression, f"{prefix}_{len(self._names)}")
        return self.let(name, expression)

    def label(self, length: int) -> str:
        """What the window of that length (ms) is called in names."""
        return f"{length // SECOND}s"

    def listed(self, label: str) -> str:
        """The index from which each event of a window is looked at."""
        start = f"start_{label}"
        return self.let(f"listed_{label}", f"{start} if end - {start} <= {MOST_LISTED} else end - {MOST_LISTED}")

    def reach(self, of: str) -> int:
        """The length (ms) of the longest window in which all values of that are looked at; 0 if there is none."""
        return max((f.window_ms for f in self._listing(of)), default=0)

    def is_counted(self, of: str, label: str) -> bool:
        """Whether the different values of that are counted over the window."""
        return any(f.aggregate == "distinct" and self.label(f.window_ms) == label for f in self._listing(of))

    def count(self, field: str, label: str) -> str:
        """How many in the window: the difference of a running count (modulo 2^32)."""
        self._sums(label, field)
        return self.let(f"{field}_{label}", f"end_{field} - {field}_before_{label} & {2**32 - 1}")

    def total(self, field: str, label: str) -> str:
        """How much in the window: the difference of a running sum (modulo 2^64)."""
        self._sums(label, field)
        return self.let(f"{field}_{label}", f"end_{field} - {field}_before_{label} & {2**64 - 1}")

    def squares(self, label: str) -> str:
        """The sum of the squared amounts in the window (modulo 2^128)."""
        self._sums(label, "low", "high")
        low, high = f"low_before_{label}", f"high_before_{label}"
        whole = f"(end_high << 64 | end_low) - ({high} << 64 | {low}) & {2**128 - 1}"
        return self.let(f"squares_{label}", f"end_low - {low} if end_high == {high} else {whole}")

    def text(self) -> str:
        """The lines, in the order in which they were first needed."""
        return "\n".join(
            self._read(name.removeprefix("sums_")) if name.startswith("sums_") else f"    {name} = {expression}"
            for name, expression in self._lines.items()
        )

    def _listing(self, of: str) -> list[Feature]:
        return [f for f in self._features if f.of == of and f.aggregate in _LISTED and not f.filter and not f.per]

    def _sums(self, label: str, *fields: str) -> None:
        """Has the running sums read at the end and before the start of a window: in the end, only those needed."""
        for place in ("end", label):
            self._lines.setdefault(f"sums_{place}", "")
            self._summed.setdefault(place, set()).update(fields)

    def _read(self, place: str) -> str:
        """The line that reads the sums needed at the end, or before a window's start (of an empty one: the end's)."""
        fields = [name for name in Sums._fields if name in self._summed[place]]
        if place == "end":
            names = "".join(f"end_{name}, " for name in fields)
            return f"    {names}= sums_{_struct(fields)}(records, end * {WIDTH} - {WIDTH - SUMS_AT})"
        names = "".join(f"{name}_before_{place}, " for name in fields)
        ends = "".join(f"end_{name}, " for name in fields)
        read = f"sums_{_struct(fields)}(records, start_{place} * {WIDTH} - {WIDTH - SUMS_AT})"
        return f"    {names}= {read} if start_{place} < end else ({ends})"


def _struct(fields: Sequence[str]) -> str:
    """A name for the reading of certain sums: a digit for each, in order."""
    return "".join(str(Sums._fields.index(name)) for name in fields)


def reader(name: str) -> Struct:
    """What reads the sums that a name of the form `sums_014` stands for; the others are skipped."""
    wanted = name.removeprefix("sums_")
    return Struct(
        "="
        + "".join(
            size if str(place) in wanted else f"{4 if size == 'I' else 8}x"
            for place, size in enumerate(_SIZES.values())
        )
    )
