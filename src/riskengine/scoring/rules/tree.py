"""The checked tree of an expression: what it means, without where it was written. Equal meaning, equal tree.

Evaluating a tree cannot fail and changes nothing, so the order of evaluation is free. Numbers are missing as NaN,
texts as None; a truth is never missing.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import ClassVar, Literal

import msgspec


class Kind(StrEnum):
    """What a value is. Numbers are missing as NaN, texts as None; a truth is never missing."""

    NUMBER = "number"
    TEXT = "text"
    TRUTH = "truth"


Order = Literal["<", "<=", ">", ">=", "==", "!="]
Sign = Literal["+", "-", "*", "/"]


class Number(msgspec.Struct, frozen=True):
    """A finite number that was written out."""

    kind: ClassVar[Kind] = Kind.NUMBER
    value: float


class Text(msgspec.Struct, frozen=True):
    """A text that was written out."""

    kind: ClassVar[Kind] = Kind.TEXT
    value: str


class Read(msgspec.Struct, frozen=True):
    """The value of a name."""

    name: str
    kind: Kind


class Not(msgspec.Struct, frozen=True):
    """True where the truth is false."""

    kind: ClassVar[Kind] = Kind.TRUTH
    item: "Tree"


class And(msgspec.Struct, frozen=True):
    """True where all items are."""

    kind: ClassVar[Kind] = Kind.TRUTH
    items: tuple["Tree", ...]


class Or(msgspec.Struct, frozen=True):
    """True where one item is."""

    kind: ClassVar[Kind] = Kind.TRUTH
    items: tuple["Tree", ...]


class Compare(msgspec.Struct, frozen=True):
    """Two numbers, or (with == and != only) two texts. False where one is missing."""

    kind: ClassVar[Kind] = Kind.TRUTH
    operator: Order
    left: "Tree"
    right: "Tree"


class Among(msgspec.Struct, frozen=True):
    """Whether a value is one of the options, or (`negated`) none of them; `options` may name a list. False if missing.

    Options are sorted, each once: their order means nothing.
    """

    kind: ClassVar[Kind] = Kind.TRUTH
    item: "Tree"
    options: tuple[float | str, ...] | str
    negated: bool = False


class Arithmetic(msgspec.Struct, frozen=True):
    """Two numbers reckoned into one; missing where one is, or the divisor is 0."""

    kind: ClassVar[Kind] = Kind.NUMBER
    operator: Sign
    left: "Tree"
    right: "Tree"


class Negate(msgspec.Struct, frozen=True):
    """The number with the other sign."""

    kind: ClassVar[Kind] = Kind.NUMBER
    item: "Tree"


class Call(msgspec.Struct, frozen=True):
    """One of the functions of `functions.FUNCTIONS`."""

    function: str
    arguments: tuple["Tree", ...]
    kind: Kind


Tree = Number | Text | Read | Not | And | Or | Compare | Among | Arithmetic | Negate | Call


def parts(tree: Tree) -> tuple[Tree, ...]:
    """The trees directly below one."""
    match tree:
        case And(items) | Or(items):
            return items
        case Not(item) | Negate(item) | Among(item):
            return (item,)
        case Compare(_, left, right) | Arithmetic(_, left, right):
            return left, right
        case Call(_, arguments):
            return arguments
        case _:
            return ()


def walk(tree: Tree) -> Iterator[Tree]:
    """A tree and all below it, from the left, each before its parts."""
    yield tree
    for part in parts(tree):
        yield from walk(part)
