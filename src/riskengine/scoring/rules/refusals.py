"""What Python has and rules have not, called by its name, with what to write instead."""

import ast
from collections.abc import Iterable
from difflib import get_close_matches

_NOTHING_ELSE = "rules have comparisons, and, or, not, + - * / and a few functions"

# Signs and words that only Python has are found before, by `syntax`.
_REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Attribute: ("nothing has parts: a dot cannot be used", "write names alone, as in amount_base"),
    ast.Subscript: ("nothing has parts: [ ] cannot be used here", "write names alone, as in amount_base"),
    ast.Lambda: ("functions cannot be made in a rule", _NOTHING_ELSE),
    ast.ListComp: ("loops cannot be used in a rule", "features count and add up: see docs/features.md"),
    ast.SetComp: ("loops cannot be used in a rule", "features count and add up: see docs/features.md"),
    ast.DictComp: ("loops cannot be used in a rule", "features count and add up: see docs/features.md"),
    ast.GeneratorExp: ("loops cannot be used in a rule", "features count and add up: see docs/features.md"),
    ast.Starred: ("a star cannot be used here", "write out the values"),
    ast.Tuple: ("values in brackets can only stand after `in`", 'write country in ("DE", "FR")'),
    ast.List: ("values in brackets can only stand after `in`", 'write country in ("DE", "FR")'),
    ast.Set: ("values in brackets can only stand after `in`", 'write country in ("DE", "FR")'),
    ast.Dict: ("there is no such thing as { : } in a rule", _NOTHING_ELSE),
    ast.Await: ("`await` cannot be used in a rule", _NOTHING_ELSE),
    ast.Yield: ("`yield` cannot be used in a rule", _NOTHING_ELSE),
    ast.YieldFrom: ("`yield` cannot be used in a rule", _NOTHING_ELSE),
    ast.UAdd: ("a + without a number before it cannot be used", "leave it out"),
}


def of(node: ast.AST) -> tuple[str, str]:
    """What is wrong with a kind of node that rules do not have, and what to write instead."""
    return _REFUSED.get(type(node), (f"`{type(node).__name__}` cannot be used in a rule", _NOTHING_ELSE))


def constant(value: object) -> tuple[str, str]:
    """What is wrong with a constant that is neither number nor text."""
    if value is None:
        return (
            "there is no None in a rule",
            'a comparison with a missing value is false; to find one, write coalesce(country, "") == ""',
        )
    if isinstance(value, bool):
        return f"there is no {value} in a rule", "write the condition itself, or `not` before it"
    if isinstance(value, int | float):
        return "this number is too large", "numbers go up to about 1.8e308"
    return "only numbers and texts can be written out", 'write 100 or "DE"'


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that looks most like it; empty if none does."""
    near = get_close_matches(name.lower(), list(known), n=1)
    return f"did you mean `{near[0]}`?" if near else ""
