"""Our rules in the languages of other engines, with the same meaning.

Theirs do not know missing values as ours does: comparing with null is an error. So each comparison comes with what must
be known for it, as one would write it there by hand.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

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


class UntranslatableError(Exception):
    """The other language, or this translation, has no words for it."""


class Dialect(msgspec.Struct, frozen=True):
    """How a language calls its functions; all else is the same in those that we speak."""

    calls: str = ""
    """What stands before the name of a function."""


ZEN = Dialect()
RULE_ENGINE = Dialect(calls="$")


class _Value(msgspec.Struct, frozen=True):
    """An expression, and the conditions under which it has a value: all of them."""

    text: str
    known: tuple[str, ...] = ()


class Translator:
    """Writes trees of ours in another language. `lists` are the entries of those that rules look into."""

    def __init__(self, dialect: Dialect, lists: Mapping[str, Sequence[str]]) -> None:
        self._dialect = dialect
        self._lists = lists

    def truth(self, tree: Tree) -> str:
        """A condition. Raises UntranslatableError."""
        match tree:
            case And(items):
                return _joined(" and ", map(self.truth, items))
            case Or(items):
                return _joined(" or ", map(self.truth, items))
            case Not(item):
                return f"(not {self.truth(item)})"
            case Compare(operator, left, right):
                ours, theirs = self._value(left), self._value(right)
                return _where((*ours.known, *theirs.known), f"{ours.text} {operator} {theirs.text}")
            case Among(item, options, negated):
                value = self._value(item)
                found = f"({value.text} in {self.options(options)})"
                return _where(value.known, f"(not {found})" if negated else found)
            case _:
                raise UntranslatableError(f"{tree} is no condition")

    def options(self, options: Sequence[float | str] | str) -> str:
        """The values of a membership, in brackets."""
        return "[" + ", ".join(map(literal, self._lists[options] if isinstance(options, str) else options)) + "]"

    def _value(self, tree: Tree) -> _Value:
        match tree:
            case Number(value) | Text(value):
                return _Value(literal(value))
            case Read(name):
                return _Value(name, (f"{name} != null",))
            case Negate(item):
                inner = self._value(item)
                return _Value(f"(0 - {inner.text})", inner.known)
            case Arithmetic(operator, left, right):
                first, second = self._value(left), self._value(right)
                known = (*first.known, *second.known)
                divisor = (f"{second.text} != 0",) if operator == "/" else ()
                return _Value(f"({first.text} {operator} {second.text})", (*known, *divisor))
            case Call():
                return self._call(tree)
            case _:
                raise UntranslatableError(f"{tree} is no value")

    def _call(self, call: Call) -> _Value:
        values = [self._value(argument) for argument in call.arguments]
        name = f"{self._dialect.calls}{call.function}"
        known = tuple(condition for value in values for condition in value.known)
        match call.function:
            case "abs":
                return _Value(f"{name}({values[0].text})", known)
            case "min" | "max":
                return _Value(f"{name}([{', '.join(value.text for value in values)}])", known)
            case "coalesce":
                return _first(values)
        raise UntranslatableError(f"no translation of {call.function}")


def literal(value: float | str) -> str:
    """A constant. Numbers are written out: neither language reads exponents everywhere."""
    return f'"{value}"' if isinstance(value, str) else format(Decimal(repr(value)), "f")


def _first(values: Sequence[_Value]) -> _Value:
    """The first of the values that is known."""
    *others, last = values
    text = last.text
    for value in reversed(others):
        text = f"({_joined(' and ', value.known)} ? {value.text} : {text})"
    some = _joined(" or ", (_joined(" and ", value.known) for value in values))
    return _Value(text, () if any(not value.known for value in values) else (some,))


def _where(known: Iterable[str], test: str) -> str:
    return _joined(" and ", (*dict.fromkeys(known), test))


def _joined(word: str, parts: Iterable[str]) -> str:
    return f"({word.join(parts)})"
