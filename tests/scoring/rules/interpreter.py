"""What a tree means, said as plainly as can be: the oracle for compiled rules. NaN and None are missing."""

import math
from collections.abc import Callable, Mapping

from riskengine.scoring.rules.tree import (
    Among,
    And,
    Arithmetic,
    Call,
    Compare,
    Negate,
    Not,
    Number,
    Or,
    Read,
    Text,
    Tree,
)

Value = float | str | bool | None
Contains = Callable[[str, str | None], bool]


def value(tree: Tree, seen: Mapping[str, Value], on_list: Contains) -> Value:  # noqa: PLR0911 (one for each kind)
    """The value of a tree where names have these values."""

    def of(part: Tree) -> Value:
        return value(part, seen, on_list)

    match tree:
        case Number(it) | Text(it):
            return it
        case Read(name):
            return seen[name]
        case Not(item):
            return not of(item)
        case And(items):
            return all(of(item) for item in items)
        case Or(items):
            return any(of(item) for item in items)
        case Negate(item):
            return -number(of(item))
        case Compare(operator, left, right):
            return _compared(operator, of(left), of(right))
        case Among(item, options, negated):
            it = of(item)
            found = on_list(options, text(it)) if isinstance(options, str) else it in options
            return not is_missing(it) and found != negated
        case Arithmetic(operator, left, right):
            return _reckoned(operator, number(of(left)), number(of(right)))
        case Call(function, arguments):
            return _called(function, [of(argument) for argument in arguments])


def is_missing(it: Value) -> bool:
    return it is None or (isinstance(it, float) and math.isnan(it))


def number(it: Value) -> float:
    assert isinstance(it, float)
    return it


def text(it: Value) -> str | None:
    assert it is None or isinstance(it, str)
    return it


def _compared(operator: str, left: Value, right: Value) -> bool:
    if is_missing(left) or is_missing(right):
        return False
    match operator:
        case "==":
            return left == right
        case "!=":
            return left != right
    a, b = number(left), number(right)
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator]


def _reckoned(operator: str, a: float, b: float) -> float:
    match operator:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
    return math.nan if b == 0 else a / b


def _called(function: str, values: list[Value]) -> Value:  # noqa: PLR0911 (one for each function)
    if function == "coalesce":
        return next((it for it in values if not is_missing(it)), values[-1])
    if any(map(is_missing, values)):
        return {"lower": None, "starts_with": False, "ends_with": False, "contains": False}.get(function, math.nan)
    if function in ("lower", "length", "starts_with", "ends_with", "contains"):
        return _of_text(function, *[str(it) for it in values])
    first, *others = [number(it) for it in values]
    match function:
        case "abs":
            return math.fabs(first)
        case "min":
            return min(first, *others)
        case "max":
            return max(first, *others)
        case "round":
            return float(round(first, int(others[0]) if others else 0))
    if math.isinf(first):
        return math.nan
    return float({"floor": math.floor, "ceil": math.ceil}[function](first))


def _of_text(function: str, it: str, *others: str) -> Value:
    match function:
        case "lower":
            return it.lower()
        case "length":
            return float(len(it))
        case "starts_with":
            return it[: len(others[0])] == others[0]
        case "ends_with":
            return it[max(0, len(it) - len(others[0])) :] == others[0]
        case _:
            return it.find(others[0]) >= 0
