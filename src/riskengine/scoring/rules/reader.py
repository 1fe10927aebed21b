"""From a syntax tree to a checked tree: a kind of node that is allowed has a method here, all others are refused."""

import ast
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

from riskengine.scoring.rules import refusals
from riskengine.scoring.rules.calls import Calls
from riskengine.scoring.rules.functions import FINEST, FUNCTIONS, Function
from riskengine.scoring.rules.name import Name
from riskengine.scoring.rules.place import Written
from riskengine.scoring.rules.syntax import Mistake
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
    Order,
    Read,
    Sign,
    Text,
    Tree,
)

DEEPEST = 16
"""Levels of nesting of an expression: nobody reads more."""

_ORDER: dict[type[ast.cmpop], Order] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_ARITHMETIC: dict[type[ast.operator], Sign] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_NEEDED = {
    Kind.NUMBER: "a number is needed here",
    Kind.TEXT: "a text is needed here",
    Kind.TRUTH: "a condition is needed here",
}
_IS = {Kind.NUMBER: "this is a number", Kind.TEXT: "this is a text", Kind.TRUTH: "this is a condition"}


class Refused(Exception):
    """A tree that cannot be used: everything that is wrong with it."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        each = {(mistake.message, mistake.place): mistake for mistake in mistakes}
        self.mistakes = tuple(each.values())


class Reader:
    """Reads one expression; `reads` and `lists` then hold, in order, the names it reads and the lists it looks into."""

    def __init__(self, written: Written, names: Mapping[str, Name], lists: Collection[str]) -> None:
        self._written = written
        self._names = names
        self._calls = Calls(names)
        self._known_lists = lists
        self.reads: dict[str, None] = {}
        self.lists: dict[str, None] = {}
        self._readers: dict[type[ast.expr], Callable[..., Tree]] = {
            ast.BoolOp: self._both_or_either,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._binary,
            ast.Compare: self._comparison,
            ast.Call: self._call,
            ast.Name: self._name,
            ast.Constant: self._constant,
        }

    def condition(self, node: ast.expr) -> Tree:
        """The tree of a whole expression, which must be a condition. Raises Refused."""
        return self._expect(Kind.TRUTH, node, 0)

    def _read(self, node: ast.expr, depth: int) -> Tree:
        if depth > DEEPEST:
            raise self._refused(node, f"nested more than {DEEPEST} deep", "split the rule")
        reader = self._readers.get(type(node))
        if reader is None:
            if isinstance(node, ast.Attribute) and node.attr in self._names:
                raise self._refused(node, refusals.of(node)[0], f"write {node.attr}")
            raise self._refused(node, *refusals.of(node))
        return reader(node, depth)

    def _each(self, nodes: Iterable[Callable[[], Tree]]) -> tuple[Tree, ...]:
        """Reads several parts, the others even if one is wrong, so that all faults are found."""
        trees: list[Tree] = []
        mistakes: list[Mistake] = []
        for read in nodes:
            try:
                trees.append(read())
            except Refused as refused:
                mistakes += refused.mistakes
        if mistakes:
            raise Refused(mistakes)
        return tuple(trees)

    def _expect(self, kind: Kind, node: ast.expr, depth: int) -> Tree:
        tree = self._read(node, depth + 1)
        if tree.kind is kind:
            return tree
        if kind is Kind.TRUTH and isinstance(tree, Read) and self._names[tree.name].is_flag:
            return Compare("==", tree, Number(1.0))
        hint = {Kind.NUMBER: "compare it, as in {} > 0", Kind.TEXT: 'compare it, as in {} == "x"'}.get(tree.kind, "")
        example = {Kind.NUMBER: "amount_base", Kind.TEXT: "country"}.get(tree.kind, "")
        shown = tree.name if isinstance(tree, Read) else example
        raise self._refused(
            node, f"{_NEEDED[kind]}, {_IS[tree.kind]}", hint.format(shown) if kind is Kind.TRUTH else ""
        )

    def _expect_each(self, kind: Kind, nodes: Iterable[ast.expr], depth: int) -> tuple[Tree, ...]:
        return self._each(partial(self._expect, kind, node, depth) for node in nodes)

    def _both_or_either(self, node: ast.BoolOp, depth: int) -> Tree:
        items = self._expect_each(Kind.TRUTH, node.values, depth)
        return And(items) if isinstance(node.op, ast.And) else Or(items)

    def _unary(self, node: ast.UnaryOp, depth: int) -> Tree:
        if isinstance(node.op, ast.Not):
            return Not(self._expect(Kind.TRUTH, node.operand, depth))
        if not isinstance(node.op, ast.USub):
            raise self._refused(node, *refusals.of(node.op))
        number = self._expect(Kind.NUMBER, node.operand, depth)
        return Number(-number.value + 0.0) if isinstance(number, Number) else Negate(number)

    def _binary(self, node: ast.BinOp, depth: int) -> Tree:
        sign = _ARITHMETIC.get(type(node.op))
        if sign is None:
            raise self._refused(node, *refusals.of(node.op))
        left, right = self._expect_each(Kind.NUMBER, (node.left, node.right), depth)
        return Arithmetic(sign, left, right)

    def _comparison(self, node: ast.Compare, depth: int) -> Tree:
        lefts = [node.left, *node.comparators[:-1]]
        steps = zip(node.ops, lefts, node.comparators, strict=True)
        items = self._each(partial(self._step, *step, depth) for step in steps)
        return items[0] if len(items) == 1 else And(items)

    def _step(self, operator: ast.cmpop, left: ast.expr, right: ast.expr, depth: int) -> Tree:
        if isinstance(operator, ast.In | ast.NotIn):
            return self._membership(isinstance(operator, ast.NotIn), left, right, depth)
        order = _ORDER.get(type(operator))
        if order is None:
            raise self._refused(right, *refusals.of(operator))
        a, b = self._each(partial(self._read, side, depth + 1) for side in (left, right))
        if a.kind is Kind.TRUTH or b.kind is Kind.TRUTH:
            raise self._refused(
                left if a.kind is Kind.TRUTH else right,
                "conditions cannot be compared",
                "join them with `and` or `or`; for `== False` write `not`",
            )
        if a.kind is not b.kind:
            quotes = {
                Kind.TEXT: "a code in figures is a text: write it in quotes",
                Kind.NUMBER: "write it without quotes",
            }
            raise self._refused(
                right,
                f"a {a.kind} cannot be compared with a {b.kind}",
                quotes[a.kind] if isinstance(b, Number | Text) else "",
            )
        if a.kind is Kind.TEXT and order not in ("==", "!="):
            raise self._refused(right, "texts have no order", "compare them with == or !=")
        return Compare(order, a, b)

    def _membership(self, negated: bool, left: ast.expr, right: ast.expr, depth: int) -> Tree:
        item = self._read(left, depth + 1)
        if item.kind is Kind.TRUTH:
            raise self._refused(left, "conditions cannot be compared", "compare a number or a text")
        if isinstance(right, ast.Call) and isinstance(right.func, ast.Name) and right.func.id == "list":
            if item.kind is not Kind.TEXT:
                raise self._refused(
                    left, f"lists hold texts; a {item.kind} cannot be in one", "compare it with numbers"
                )
            return Among(item, self._list(right), negated)
        if not isinstance(right, ast.Tuple | ast.List | ast.Set):
            what = "one value needs a comma, too: " if isinstance(right, ast.Constant) else ""
            raise self._refused(
                right, "this cannot stand after `in`", f'{what}write ("DE",) or ("DE", "FR") or list("name")'
            )
        return Among(item, self._options(item.kind, right, depth), negated)

    def _options(self, kind: Kind, node: ast.Tuple | ast.List | ast.Set, depth: int) -> tuple[float | str, ...]:
        options: dict[float | str, None] = {}
        for element in node.elts:
            tree = self._read(element, depth + 1)
            if not isinstance(tree, Number | Text) or tree.kind is not kind:
                raise self._refused(
                    element, f"only {kind}s written out can be compared with a {kind} here", "join others with `or`"
                )
            options[tree.value] = None
        return tuple(sorted(options, key=lambda option: (option,)))

    def _list(self, node: ast.Call) -> str:
        match node:
            case ast.Call(args=[ast.Constant(value=str(name))], keywords=[]):
                pass
            case _:
                raise self._refused(node, "a list is named by a text", 'write list("high_risk_countries")')
        if name not in self._known_lists:
            there_are = f"there are {', '.join(sorted(self._known_lists)[:8])}" if self._known_lists else ""
            raise self._refused(
                node.args[0], f"there is no list `{name}`", refusals.nearest(name, self._known_lists) or there_are
            )
        self.lists[name] = None
        return name

    def _call(self, node: ast.Call, depth: int) -> Tree:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if (feature := self._calls.meant(node)) is not None:
            self.reads[feature] = None
            return Read(feature, self._names[feature].kind)
        if name == "list":
            raise self._refused(node, "a list can only stand after `in`", 'write country in list("name")')
        function = FUNCTIONS.get(name)
        if function is None:
            raise self._refused(node.func, *self._calls.wrong(node))
        if node.keywords or not len(function.takes) <= len(node.args) <= max(function.most, len(function.takes)):
            raise self._refused(node, f"{name} is not called like this", f"write {function.usage}")
        return self._arguments(name, function, node, depth)

    def _arguments(self, name: str, function: Function, node: ast.Call, depth: int) -> Tree:
        takes = list(function.takes) + [function.takes[-1]] * (len(node.args) - len(function.takes))
        if function.gives is None:
            first = self._read(node.args[0], depth + 1).kind
            takes = [first if first is not Kind.TRUTH else Kind.NUMBER] * len(node.args)
        wanted = zip(takes, node.args, strict=True)
        arguments = self._each(partial(self._expect, *pair, depth) for pair in wanted)
        if name == "round" and len(arguments) == 2:
            match arguments[1]:
                case Number(value) if value in range(FINEST + 1):
                    pass
                case _:
                    raise self._refused(node.args[1], f"the decimals of round are written out, 0 to {FINEST}")
        return Call(name, arguments, function.gives or arguments[0].kind)

    def _name(self, node: ast.Name, depth: int) -> Tree:
        name = self._names.get(node.id)
        if name is None:
            raise self._refused(node, *self._calls.unknown(node.id))
        self.reads[node.id] = None
        return Read(node.id, name.kind)

    def _constant(self, node: ast.Constant, depth: int) -> Tree:
        value = node.value
        if isinstance(value, str):
            return Text(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = _number(value)
            if math.isfinite(number):
                return Number(number)
        raise self._refused(node, *refusals.constant(value))

    def _refused(self, node: ast.expr, message: str, hint: str = "") -> Refused:
        return Refused([Mistake(message, self._written.of(node), hint)])


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
