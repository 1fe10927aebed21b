"""The functions of expressions, by what they take and give."""

from collections.abc import Mapping

import msgspec

from riskengine.scoring.rules.tree import Kind

MOST = 8
"""Arguments of a function that takes any number of them: nobody reads more."""

FINEST = 6
"""Decimals that `round` may keep; a constant of the notation, so that 0 to this is checked when it is read."""


class Function(msgspec.Struct, frozen=True):
    """What a function takes, what it gives, and how it is written. The last kind may come up to `most` times in all.

    A function without a result of its own (`coalesce`) takes numbers or texts, and gives what it takes.
    """

    takes: tuple[Kind, ...]
    gives: Kind | None
    usage: str
    most: int = 0


_NUMBER, _TEXT, _TRUTH = Kind.NUMBER, Kind.TEXT, Kind.TRUTH

FUNCTIONS: Mapping[str, Function] = {
    "abs": Function((_NUMBER,), _NUMBER, "abs(x)"),
    "min": Function((_NUMBER, _NUMBER), _NUMBER, "min(x, y)", MOST),
    "max": Function((_NUMBER, _NUMBER), _NUMBER, "max(x, y)", MOST),
    "round": Function((_NUMBER,), _NUMBER, "round(x) or round(x, 2)", 2),
    "floor": Function((_NUMBER,), _NUMBER, "floor(x)"),
    "ceil": Function((_NUMBER,), _NUMBER, "ceil(x)"),
    "coalesce": Function((_NUMBER, _NUMBER), None, "coalesce(x, y)", MOST),
    "lower": Function((_TEXT,), _TEXT, "lower(text)"),
    "length": Function((_TEXT,), _NUMBER, "length(text)"),
    "starts_with": Function((_TEXT, _TEXT), _TRUTH, 'starts_with(text, "start")'),
    "ends_with": Function((_TEXT, _TEXT), _TRUTH, 'ends_with(text, "end")'),
    "contains": Function((_TEXT, _TEXT), _TRUTH, 'contains(text, "part")'),
}
"""All functions; `list("name")`, and names that are written as calls, are not among them."""
