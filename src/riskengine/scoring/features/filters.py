"""Which of an account's events a feature is about: its filter, and what they have in common with the transaction.

A filter is an expression in the notation of rules, over what a history keeps of an event. It becomes Python code over
the values of columns, in which texts are the numbers that stand for them (see `scoring.event`).
"""

from collections.abc import Callable
from functools import lru_cache

import msgspec

from riskengine.domain.errors import ConfigurationError
from riskengine.scoring import event, hashing
from riskengine.scoring.features.catalogue import Feature
from riskengine.scoring.money import MINOR
from riskengine.scoring.rules import parser
from riskengine.scoring.rules.errors import RuleSetError
from riskengine.scoring.rules.name import Name
from riskengine.scoring.rules.tree import (
    Among,
    And,
    Arithmetic,
    Compare,
    Kind,
    Negate,
    Not,
    Number,
    Or,
    Read,
    Text,
    Tree,
    walk,
)

_AMOUNT = "amount_base"
_COLUMNS = {
    _AMOUNT: "amount",
    "merchant": "merchant",
    "merchant_category": "category",
    "location": "location",
    "device_id": "device",
    "country": "country",
    "channel": "channel",
    "beneficiary": "beneficiary",
    "ip": "ip",
}
"""The names that a filter may use, and the columns they are."""

_CODES: dict[str, Callable[[str], int]] = {"country": event.country_code, "channel": event.channel_code}
"""How texts become numbers, where not by their hash."""

_NAMES = {name: Name(Kind.NUMBER if name == _AMOUNT else Kind.TEXT, name) for name in _COLUMNS}


class Condition(msgspec.Struct, frozen=True):
    """A condition as Python code over the values of columns, called `c_<column>`, and the columns it reads."""

    code: str
    columns: tuple[str, ...]


def condition(feature: Feature) -> Condition:
    """The condition that an event must meet. Raises ConfigurationError or RuleSetError if the filter is wrong."""
    codes, columns = [], []
    if feature.per:
        codes.append(f"c_{feature.per} == event.{feature.per}")
        columns.append(str(feature.per))
    if feature.filter:
        tree = _parsed(feature.name, feature.filter)
        codes.append(_Writer(feature.name).write(tree))
        columns += [_COLUMNS[part.name] for part in walk(tree) if isinstance(part, Read)]
    return Condition(" and ".join(codes), tuple(dict.fromkeys(columns)))


@lru_cache(maxsize=256)
def _parsed(feature: str, text: str) -> Tree:
    try:
        return parser.parse(text, _NAMES).tree
    except RuleSetError as error:
        raise ConfigurationError(f"feature {feature}: the filter is wrong: {error}") from None


class _Writer:
    """Turns a tree into code. What only makes sense for a whole transaction is refused."""

    def __init__(self, feature: str) -> None:
        self._feature = feature

    def write(self, tree: Tree) -> str:
        match tree:
            case Compare(operator, left, right):
                code = self._comparison(operator, left, right)
            case Among(item, options, negated) if isinstance(item, Read) and not isinstance(options, str):
                code = self._membership(item, options, negated)
            case And(items) | Or(items):
                code = (" and " if isinstance(tree, And) else " or ").join(map(self.write, items))
            case Not(item):
                code = f"not {self.write(item)}"
            case _:
                code = self._number(tree)
        return f"({code})"

    def _number(self, tree: Tree) -> str:
        match tree:
            case Arithmetic(operator, left, right):
                a, b = self.write(left), self.write(right)
                return f"divide({a}, {b})" if operator == "/" else f"{a} {operator} {b}"
            case Negate(item):
                return f"-{self.write(item)}"
            case Number(value):
                return repr(value)
            case Read(name) if name == _AMOUNT:
                return f"c_amount / {MINOR} if c_amount >= 0 else nan"
            case _:
                raise self._error(
                    "compares columns with values that are written out; lists and functions are for rules"
                )

    def _comparison(self, operator: str, left: Tree, right: Tree) -> str:
        if left.kind is Kind.NUMBER:
            a, b = self.write(left), self.write(right)
            return f"{a} < {b} or {a} > {b}" if operator == "!=" else f"{a} {operator} {b}"
        match left, right:
            case (Read(name), Text(value)) | (Text(value), Read(name)):
                column, code = f"c_{_COLUMNS[name]}", self._code(name, value)
                return f"{column} == {code}" if operator == "==" else f"{column} not in (0, {code})"
            case _:
                raise self._error("compares a text of an event with one that is written out")

    def _membership(self, item: Read, options: tuple[float | str, ...], negated: bool) -> str:
        if item.kind is Kind.NUMBER:
            value = self.write(item)
            return f"{value} == {value} and {value} not in {options}" if negated else f"{value} in {options}"
        codes = ", ".join(str(self._code(item.name, str(option))) for option in options)
        column = f"c_{_COLUMNS[item.name]}"
        return f"{column} not in (0, {codes})" if negated else f"{column} in ({codes},)"

    def _code(self, name: str, text: str) -> int:
        """The number that stands for a text in its column."""
        code = _CODES.get(name, hashing.of_32)(text)
        if not code:
            raise self._error(f"{name} is never {text!r}")
        return code

    def _error(self, message: str) -> ConfigurationError:
        return ConfigurationError(f"feature {self._feature}: a filter {message}")
