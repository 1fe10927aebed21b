"""Where the columns of an account's records are, and how the generated function gets at them."""

from riskengine.scoring.features.code import Code
from riskengine.scoring.records import WIDTH

COLUMNS = {
    "amount": ("longs", 1),
    "merchant": ("ints", 4),
    "location": ("ints", 5),
    "device": ("ints", 6),
    "country": ("shorts", 14),
    "channel": ("bytes_", 30),
    "beneficiary": ("ints", 10),
    "ip": ("ints", 11),
    "category": ("ints", 12),
}
"""The view in which a column lies, and where in a record (see `scoring.records`), in items of that view."""

VIEWS = {
    "longs": ("q", WIDTH // 8, 8),
    "ints": ("i", WIDTH // 4, 4),
    "shorts": ("h", WIDTH // 2, 2),
    "bytes_": ("b", WIDTH, 1),
}
"""The format of a view, its items in a record, and their size in bytes."""


def view(code: Code, name: str) -> tuple[str, int]:
    """A view of the records, nothing is copied; and its items in a record."""
    format_, items, _ = VIEWS[name]
    if name == "longs":
        return name, items  # the function's head has it
    return code.let(name, f"memoryview(records).cast({format_!r})"), items


def values(code: Code, name: str, length: int) -> str:
    """A column's values within a window (ms), as a list.

    Where all values are looked at anyway, computed once: that of a shorter window is cut from the longest one's.
    """
    label, longest = code.label(length), code.reach(name)
    if longest < length:
        return _read(code, name, label)
    start = code.label(longest)
    whole = code.let(f"{name}_{start}", _read(code, name, start))
    if label == start:
        return whole
    return code.let(f"{name}_{label}", f"{whole}[{code.listed(label)} - {code.listed(start)}:]")


def _read(code: Code, name: str, label: str) -> str:
    view_, at = COLUMNS[name]
    name_, items = view(code, view_)
    return f"{name_}[{code.listed(label)} * {items} + {at}:end * {items}:{items}].tolist()"
