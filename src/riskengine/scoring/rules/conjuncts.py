"""A condition as the conditions that must all hold, each in one form however it was written."""

from riskengine.scoring.rules.tree import Among, And, Compare, Not, Number, Or, Order, Text, Tree

_FLIPPED: dict[Order, Order] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def of(tree: Tree) -> tuple[Tree, ...]:
    """The conjuncts of a condition, each once, in the order in which they were written."""
    return tuple(dict.fromkeys(_of(tree)))


def _of(tree: Tree) -> list[Tree]:
    match tree:
        case And(items):
            return [conjunct for item in items for conjunct in _of(item)]
        case Not(Not(item)):
            return _of(item)
        case Not(Or(items)):
            return [conjunct for item in items for conjunct in _of(Not(item))]
        case _:
            return [_in_one_form(tree)]


def _in_one_form(tree: Tree) -> Tree:
    """Constants stand on the right; one option is an equality."""
    match tree:
        case Compare(operator, Number() | Text() as constant, value) if not isinstance(value, Number | Text):
            return Compare(_FLIPPED[operator], value, constant)
        case Among(item, (option,), False):
            return Compare("==", item, Text(option) if isinstance(option, str) else Number(option))
        case _:
            return tree
