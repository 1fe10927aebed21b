"""The notation of rules: Python's, with little of it allowed, read into code that cannot fail.

A comparison with a missing value is false, whichever way round (so `not (amount_base > 5)` holds where the amount is
missing); arithmetic with a missing value is missing, and so is a division by zero.
"""

import ast
import math
from collections.abc import Callable, Mapping
from difflib import get_close_matches

import msgspec

from riskengine.scoring.rules.errors import RuleError
from riskengine.scoring.rules.names import Kind, Name

LONGEST = 1_000
"""Characters of an expression. It bounds the work of reading and of evaluating it."""

DEEPEST = 16
"""Levels of nesting of an expression: nobody reads more."""

_ORDER = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_FUNCTIONS = {"abs": (1, 1), "min": (2, 8), "max": (2, 8), "coalesce": (2, 8)}
"""Functions of numbers, with the fewest and the most arguments."""


class Expression(msgspec.Struct, frozen=True):
    """A condition as Python code over locals, and the names it reads, in order."""

    code: str
    reads: tuple[str, ...]


class _Part(msgspec.Struct, frozen=True):
    code: str
    kind: Kind
    constant: bool = False


def parse(rule: str, text: str, names: Mapping[str, Name], lists: Mapping[str, tuple[str, ...]]) -> Expression:
    """Reads the expression of a rule. Raises RuleError: what is wrong, where, and what to write instead."""
    if len(text) > LONGEST:
        raise RuleError(rule, f"the expression has {len(text)} characters, {LONGEST} are allowed; split the rule")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise RuleError(rule, f"the expression cannot be read: {error.msg}", error.offset or 0) from None
    except (ValueError, RecursionError, MemoryError):
        raise RuleError(
            rule, "the expression cannot be read; write it with less nesting and plain characters"
        ) from None
    reader = _Reader(rule, names, lists)
    part = reader.read(tree, 1)
    if part.kind is not Kind.TRUTH:
        raise RuleError(rule, f"the expression is a {part.kind}; compare it with something, as in amount_base > 100")
    return Expression(part.code, tuple(reader.reads))


class _Reader:
    """Translates a syntax tree; every kind of node that is allowed has a method here, all others are refused."""

    def __init__(self, rule: str, names: Mapping[str, Name], lists: Mapping[str, tuple[str, ...]]) -> None:
        self._rule = rule
        self._names = names
        self._lists = lists
        self.reads: dict[str, None] = {}
        self._readers: dict[type[ast.expr], Callable[..., _Part]] = {
            ast.BoolOp: self._both_or_either,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._binary,
            ast.Compare: self._comparison,
            ast.Call: self._call,
            ast.Name: self._name,
            ast.Constant: self._constant,
        }

    def read(self, node: ast.expr, depth: int) -> _Part:
        if depth > DEEPEST:
            raise self._error(node, f"nested more than {DEEPEST} deep; split the rule")
        reader = self._readers.get(type(node))
        if reader is None:
            raise self._error(node, f"{_title(node)} cannot be used in a rule")
        return reader(node, depth)

    def _both_or_either(self, node: ast.BoolOp, depth: int) -> _Part:
        word = " and " if isinstance(node.op, ast.And) else " or "
        parts = [self._expect(Kind.TRUTH, value, depth) for value in node.values]
        return _Part(f"({word.join(parts)})", Kind.TRUTH)

    def _unary(self, node: ast.UnaryOp, depth: int) -> _Part:
        if isinstance(node.op, ast.Not):
            return _Part(f"(not {self._expect(Kind.TRUTH, node.operand, depth)})", Kind.TRUTH)
        if isinstance(node.op, ast.USub):
            return _Part(f"(-{self._expect(Kind.NUMBER, node.operand, depth)})", Kind.NUMBER)
        raise self._error(node, f"{_title(node.op)} cannot be used in a rule")

    def _binary(self, node: ast.BinOp, depth: int) -> _Part:
        sign = _ARITHMETIC.get(type(node.op))
        if sign is None and not isinstance(node.op, ast.Div):
            raise self._error(node, f"{_title(node.op)} cannot be used in a rule; there are + - * /")
        left, right = self._expect(Kind.NUMBER, node.left, depth), self._expect(Kind.NUMBER, node.right, depth)
        return _Part(f"({left} {sign} {right})" if sign else f"divide({left}, {right})", Kind.NUMBER)

    def _comparison(self, node: ast.Compare, depth: int) -> _Part:
        parts, left = [], node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, ast.In | ast.NotIn):
                parts.append(self._membership(operator, left, right, depth))
            else:
                parts.append(self._pair(operator, left, right, depth))
            left = right
        return _Part(f"({' and '.join(parts)})", Kind.TRUTH)

    def _pair(self, operator: ast.cmpop, left: ast.expr, right: ast.expr, depth: int) -> str:
        a, b = self.read(left, depth + 1), self.read(right, depth + 1)
        if a.kind is not b.kind or a.kind is Kind.TRUTH:
            raise self._error(right, f"a {a.kind} cannot be compared with a {b.kind}")
        if sign := _ORDER.get(type(operator)):
            if a.kind is Kind.TEXT:
                raise self._error(right, "texts have no order; compare them with == or !=")
            return f"{a.code} {sign} {b.code}"
        if not isinstance(operator, ast.Eq | ast.NotEq):
            raise self._error(right, f"{_title(operator)} cannot be used in a rule; write == or !=")
        if a.kind is Kind.NUMBER:
            code = f"{a.code} == {b.code}"
            return code if isinstance(operator, ast.Eq) else f"({a.code} < {b.code} or {a.code} > {b.code})"
        known = "".join(f"{part.code} is not None and " for part in (a, b) if not part.constant)
        return f"({known}{a.code} {'==' if isinstance(operator, ast.Eq) else '!='} {b.code})"

    def _membership(self, operator: ast.cmpop, left: ast.expr, right: ast.expr, depth: int) -> str:
        part = self.read(left, depth + 1)
        among = self._collection(part.kind, right, depth)
        if isinstance(operator, ast.In):
            return f"{part.code} in {among}"
        known = f"{part.code} is not None" if part.kind is Kind.TEXT else f"{part.code} == {part.code}"
        return f"({'' if part.constant else known + ' and '}{part.code} not in {among})"

    def _collection(self, kind: Kind, node: ast.expr, depth: int) -> str:
        """What may stand after `in`: a named list, or values in brackets."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "list":
            if kind is not Kind.TEXT:
                raise self._error(node, f"lists hold texts; a {kind} cannot be in one")
            return self._list(node)
        if not isinstance(node, ast.Tuple | ast.List | ast.Set):
            raise self._error(node, 'after `in` comes list("name") or values in brackets, as in ("DE", "FR")')
        parts = [self.read(element, depth + 1) for element in node.elts]
        if any(not part.constant or part.kind is not kind for part in parts):
            raise self._error(node, f"the brackets after `in` must hold {kind}s written out")
        return f"({''.join(part.code + ', ' for part in parts)})"

    def _list(self, node: ast.Call) -> str:
        match node.args:
            case [ast.Constant(value=str(name))] if not node.keywords:
                pass
            case _:
                raise self._error(node, 'a list is named as in list("high_risk_countries")')
        if name not in self._lists:
            raise self._error(node, f"there is no list {name!r}{_nearest(name, self._lists)}")
        return f"lists[{name!r}]"

    def _call(self, node: ast.Call, depth: int) -> _Part:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "list":
            raise self._error(node, "a list can only stand after `in`")
        if name not in _FUNCTIONS:
            raise self._error(node, f"there is no such function; there are {', '.join(_FUNCTIONS)} and list")
        fewest, most = _FUNCTIONS[name]
        if node.keywords or not fewest <= len(node.args) <= most:
            raise self._error(node, f"{name} takes {fewest} to {most} numbers")
        arguments = [self._expect(Kind.NUMBER, argument, depth) for argument in node.args]
        return _Part(f"{name}_({', '.join(arguments)})", Kind.NUMBER)

    def _name(self, node: ast.Name, depth: int) -> _Part:
        name = self._names.get(node.id)
        if name is None:
            raise self._error(node, f"nothing is called {node.id!r}{_nearest(node.id, self._names)}")
        self.reads[node.id] = None
        return _Part(f"x_{node.id}", name.kind)

    def _constant(self, node: ast.Constant, depth: int) -> _Part:
        value = node.value
        if isinstance(value, str):
            return _Part(repr(value), Kind.TEXT, constant=True)
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = _number(value)
            if math.isfinite(number):
                return _Part(repr(number), Kind.NUMBER, constant=True)
        raise self._error(node, "only numbers and texts can be written out")

    def _expect(self, kind: Kind, node: ast.expr, depth: int) -> str:
        part = self.read(node, depth + 1)
        if part.kind is not kind:
            hint = "; compare it with something, as in is_new_device == 1" if kind is Kind.TRUTH else ""
            raise self._error(node, f"a {kind} is needed here, this is a {part.kind}{hint}")
        return part.code

    def _error(self, node: ast.expr, message: str) -> RuleError:
        return RuleError(self._rule, message, node.col_offset + 1)


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _title(node: ast.AST) -> str:
    return f"`{type(node).__name__}`"


def _nearest(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
