"""Checked trees as Python expressions that cannot fail.

Nothing of what a user wrote reaches the code: names are looked up, constants are written by `repr`.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from riskengine.scoring.rules.name import Name
from riskengine.scoring.rules.tree import (
    Among,
    And,
    Arithmetic,
    Call,
    Compare,
    Kind,
    Negate,
    Not,
    Number,
    Or,
    Read,
    Text,
    Tree,
)

CREATED_AT = Read("created_at", Kind.NUMBER)
"""When the transaction was accepted, in ms since the epoch: what the validity of rules and of entries is judged by."""

_READS = {"created_at": "transaction.created_at"}

Write = Callable[[Tree], str]


class Code:
    """Writes trees as expressions over `transaction`, `account`, `values` and scores; `scope` has what they call."""

    def __init__(self, names: Mapping[str, Name], contains: Mapping[str, Callable[[str | None, int], bool]]) -> None:
        """`contains` tells, for each list by name, whether a value is on it at a time."""
        self._reads = {name: known.read for name, known in names.items()} | _READS
        self._lists = {name: f"on_list_{place}" for place, name in enumerate(contains)}
        self.scope: dict[str, Any] = {self._lists[name]: function for name, function in contains.items()}
        self.scope |= {"nan": math.nan, "min_": _min, "max_": _max}

    def reads(self, read: Read) -> str:
        """The expression that reads a name."""
        return self._reads[read.name]

    def write(self, tree: Tree, write: Write) -> str:
        """The expression for a tree; `write` gives that for each of its parts."""
        match tree:
            case Read():
                code = self.reads(tree)
            case Number(value) | Text(value):
                code = repr(value)
            case Not(item):
                code = f"(not {write(item)})"
            case Negate(item):
                code = f"(-{write(item)})"
            case And(items):
                code = f"({' and '.join(map(write, items))})"
            case Or(items):
                code = f"({' or '.join(map(write, items))})"
            case Compare():
                code = _comparison(tree, write)
            case Arithmetic():
                code = _arithmetic(tree, write)
            case Among():
                code = self._among(tree, write)
            case Call():
                code = _CALLS[tree.function](tree, write)
        return code

    def _among(self, among: Among, write: Write) -> str:
        value = write(among.item)
        if among.negated:
            found = write(Among(among.item, among.options))  # what is asked either way is asked once
            return f"({_is_known(among.item, write)} and not {found})"
        if isinstance(among.options, str):
            return f"{self._lists[among.options]}({value}, {write(CREATED_AT)})"
        options = f"{{{', '.join(map(repr, among.options))}}}" if among.options else "()"
        return f"({value} in {options})"


def written(tree: Tree) -> Iterator[Tree]:
    """The parts that the expression for a tree has, as often as it has them: those in it twice are worth a name."""
    match tree:
        case Compare("!=", left, right):
            yield from (left, right, left, right)
        case Compare("==", left, right) if left.kind is Kind.TEXT:
            yield from (left, left, right)
        case Arithmetic("/", left, right):
            yield from (left, right, right)
        case Among(item, options, negated):
            yield item
            if negated:
                yield Among(item, options)
            elif isinstance(options, str):
                yield CREATED_AT
        case Call("coalesce" | "lower" | "length" | "starts_with" | "ends_with" | "contains", arguments):
            yield from (*arguments, *arguments)
        case And(parts) | Or(parts) | Call(_, parts):
            yield from parts
        case Not(part) | Negate(part):
            yield part
        case Compare(_, left, right) | Arithmetic(_, left, right):
            yield from (left, right)
        case _:
            return


def _is_known(tree: Tree, write: Write) -> str:
    """That a value is not missing; constants never are."""
    if isinstance(tree, Number | Text):
        return "True"
    value = write(tree)
    return f"{value} is not None" if tree.kind is Kind.TEXT else f"{value} == {value}"


def _comparison(tree: Compare, write: Write) -> str:
    left, right, operator = write(tree.left), write(tree.right), tree.operator
    if tree.left.kind is Kind.NUMBER:
        # NaN differs from everything for Python; here it compares as false.
        return f"({left} < {right} or {left} > {right})" if operator == "!=" else f"({left} {operator} {right})"
    known = [part for part in (tree.left, tree.right) if not isinstance(part, Text)]
    if operator == "==":
        known = known[:1] if len(known) == 2 else []  # equal to one that is known, the other is known, too
    return f"({''.join(f'{_is_known(part, write)} and ' for part in known)}{left} {operator} {right})"


def _arithmetic(tree: Arithmetic, write: Write) -> str:
    left, right = write(tree.left), write(tree.right)
    return f"({left} / {right} if {right} else nan)" if tree.operator == "/" else f"({left} {tree.operator} {right})"


def _text_test(method: str) -> Callable[[Call, Write], str]:
    """A test of two texts by a method of the first."""

    def written(call: Call, write: Write) -> str:
        known = "".join(f"{_is_known(argument, write)} and " for argument in call.arguments)
        text, part = map(write, call.arguments)
        return f"({known}{text}.{method}({part}))"

    return written


def _extreme(call: Call, write: Write) -> str:
    return f"{call.function}_({', '.join(map(write, call.arguments))})"


def _round(call: Call, write: Write) -> str:
    match call.arguments:
        case (number, Number(decimals)):
            return f"round({write(number)}, {int(decimals)})"
        case _:
            return f"round({write(call.arguments[0])}, 0)"


def _coalesce(call: Call, write: Write) -> str:
    *others, last = call.arguments
    code = write(last)
    for tree in reversed(others):
        code = f"({write(tree)} if {_is_known(tree, write)} else {code})"
    return code


def _lower(call: Call, write: Write) -> str:
    (text,) = call.arguments
    return f"({write(text)}.lower() if {_is_known(text, write)} else None)"


def _length(call: Call, write: Write) -> str:
    (text,) = call.arguments
    return f"(float(len({write(text)})) if {_is_known(text, write)} else nan)"


_CALLS: Mapping[str, Callable[[Call, Write], str]] = {
    "abs": lambda call, write: f"abs({write(call.arguments[0])})",
    "min": _extreme,
    "max": _extreme,
    "round": _round,
    "floor": lambda call, write: f"({write(call.arguments[0])} // 1.0)",
    "ceil": lambda call, write: f"(-(-{write(call.arguments[0])} // 1.0))",
    "coalesce": _coalesce,
    "lower": _lower,
    "length": _length,
    "starts_with": _text_test("startswith"),
    "ends_with": _text_test("endswith"),
    "contains": _text_test("__contains__"),
}


def _min(*numbers: float) -> float:
    return math.nan if any(map(math.isnan, numbers)) else min(numbers)


def _max(*numbers: float) -> float:
    return math.nan if any(map(math.isnan, numbers)) else max(numbers)
