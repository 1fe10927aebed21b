"""From a plan to the text of one Python function.

An expression that is needed in several places is computed once: before the first of them where one is certain to be
reached, and otherwise by whichever comes first. What is behind a test that fails is not computed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from riskengine.scoring.rules.code import Code, written
from riskengine.scoring.rules.plan import Block, Case, Dispatch, Guard
from riskengine.scoring.rules.tree import Among, And, Arithmetic, Call, Negate, Or, Read, Tree

_GROUPS = 4
"""Into how many groups the cases of a look-up are cut, until a group is no larger."""

_DEEPEST = 60
"""Levels of indentation below which tests are no longer put in lines of their own; Python reads no more than 100."""

_Item = Guard | Dispatch | Case


class _Scope(msgspec.Struct):
    """What has been computed where code is being written, and what may have been (and is None where it was not)."""

    known: set[Tree]
    maybe: set[Tree]

    def inner(self) -> "_Scope":
        return _Scope(set(self.known), set(self.maybe))


class Emitter:
    """Writes the function of one plan; `scope` is what its text calls."""

    def __init__(self, plan: Block, code: Code) -> None:
        self._code = code
        self._lines: list[str] = []
        self._tables = 0
        self.scope: dict[str, Any] = dict(code.scope)
        self._shared = {tree: self._local(tree, place) for place, tree in enumerate(_shared(plan))}
        # By the identity of parts of the plan, which lives as long as this.
        self._used: dict[int, dict[Tree, None]] = {}
        self._firsts: dict[int, set[Tree]] = {}
        self._counts: dict[int, Counter[Tree]] = {}
        self._plan = plan

    def text(self) -> str:
        """The text of the function `rules`."""
        self._lines = [
            "def rules(transaction, account, values, behaviour_score, model_score):",
            "    fired = []",
        ]
        self._block(self._plan, 1, _Scope(set(), set()))
        self._lines += ["    fired.sort()", "    return fired", ""]
        return "\n".join(self._lines)

    def _line(self, depth: int, text: str) -> None:
        self._lines.append("    " * depth + text)

    def _block(self, block: Block, depth: int, scope: _Scope) -> None:
        if len(block.fires) == 1:
            self._line(depth, f"fired.append({block.fires[0]})")
        elif block.fires:
            self._line(depth, f"fired += {block.fires}")
        self._items(block.then, depth, scope)

    def _items(self, items: Sequence[Guard | Dispatch], depth: int, scope: _Scope) -> None:
        for item in items:
            self._prepare(item, items, depth, scope)
            if isinstance(item, Guard):
                self._guard(item, depth, scope)
            else:
                self._dispatch(item, depth, scope)

    def _prepare(self, item: _Item, siblings: Sequence[_Item], depth: int, scope: _Scope) -> None:
        """Computes what an item shares with its siblings, or has it computed by the first that comes to need it."""
        certain = self._certain(siblings)
        often = self._often(siblings)
        for tree in self._uses(item):
            if tree in scope.known:
                continue
            if tree in certain or (often[tree] > 1 and self._is_cheap(tree)):
                self._define(tree, depth, scope)
            elif often[tree] > 1 and tree not in scope.maybe:
                self._line(depth, f"{self._shared[tree]} = None")
                scope.maybe.add(tree)

    def _guard(self, guard: Guard, depth: int, scope: _Scope) -> None:
        """Tests stand in one line, but for those that need something computed first: they come in a line below."""
        tests: list[str] = []
        for test in guard.tests:
            needed = [tree for tree in self._needed((test,)) if tree not in scope.known and not self._is_cheap(tree)]
            if tests and needed and depth < _DEEPEST:
                self._line(depth, f"if {' and '.join(tests)}:")
                tests, depth, scope = [], depth + 1, scope.inner()
            for tree in needed:
                self._define(tree, depth, scope)
            tests.append(self._write(test, scope))
        self._line(depth, f"if {' and '.join(tests)}:")
        self._block(guard.then, depth + 1, scope.inner())

    def _dispatch(self, dispatch: Dispatch, depth: int, scope: _Scope) -> None:
        """One look-up tells, as bits, which cases have the value."""
        table: dict[float | str, int] = {}
        for bit, case in enumerate(dispatch.cases):
            for option in case.options:
                table[option] = table.get(option, 0) | 1 << bit
        self._tables += 1
        name = f"cases_{self._tables}"
        self.scope[f"find_{name}"] = table.get
        self._line(depth, f"{name} = find_{name}({self._write(dispatch.value, scope)}, 0)")
        self._line(depth, f"if {name}:")
        inner = scope.inner()
        for case in dispatch.cases:
            self._prepare(case, dispatch.cases, depth + 1, inner)
        self._cases(name, list(enumerate(dispatch.cases)), depth + 1, inner)

    def _cases(self, name: str, cases: Sequence[tuple[int, Case]], depth: int, scope: _Scope) -> None:
        """Tries each case; many of them in groups, and groups of groups, so that few are tried."""
        if len(cases) <= _GROUPS:
            for bit, case in cases:
                self._line(depth, f"if {name} & {1 << bit}:")
                self._block(case.then, depth + 1, scope.inner())
            return
        size = -(-len(cases) // _GROUPS)
        for start in range(0, len(cases), size):
            group = cases[start : start + size]
            self._line(depth, f"if {name} & {sum(1 << bit for bit, _ in group)}:")
            self._cases(name, group, depth + 1, scope.inner())

    def _define(self, tree: Tree, depth: int, scope: _Scope) -> None:
        name = self._shared[tree]
        if tree in scope.maybe:
            self._line(depth, f"if {name} is None:")
            depth += 1
        self._line(depth, f"{name} = {self._code.write(tree, lambda part: self._write(part, scope))}")
        scope.known.add(tree)

    def _write(self, tree: Tree, scope: _Scope) -> str:
        if tree in scope.known:
            return self._shared[tree]
        return self._code.write(tree, lambda part: self._write(part, scope))

    def _needed(self, trees: Iterable[Tree]) -> dict[Tree, None]:
        """The shared expressions in these trees, inner ones first."""
        found: dict[Tree, None] = {}
        for tree in trees:
            found |= self._needed(written(tree))
            if tree in self._shared:
                found[tree] = None
        return found

    def _certain(self, items: Sequence[_Item]) -> set[Tree]:
        """The shared expressions that are needed whatever the tests say: those of each item's first one."""
        key = id(items)
        if key not in self._firsts:
            self._firsts[key] = {tree for item in items for tree in self._needed(_tests(item)[:1])}
        return self._firsts[key]

    def _often(self, items: Sequence[_Item]) -> Counter[Tree]:
        """How many of the items use each shared expression."""
        key = id(items)
        if key not in self._counts:
            self._counts[key] = Counter(tree for item in items for tree in self._uses(item))
        return self._counts[key]

    def _uses(self, item: _Item) -> dict[Tree, None]:
        """The shared expressions in an item and all below it."""
        if id(item) not in self._used:
            found = self._needed(_tests(item))
            for inner in _inner(item):
                found |= self._uses(inner)
            self._used[id(item)] = found
        return self._used[id(item)]

    def _is_cheap(self, tree: Tree) -> bool:
        """Whether reading it takes no longer than noting that it was not read."""
        return isinstance(tree, Read) and "(" not in self._code.reads(tree)

    def _local(self, tree: Tree, place: int) -> str:
        return f"x_{place}_{tree.name}" if isinstance(tree, Read) else f"x_{place}"


def _tests(item: _Item) -> tuple[Tree, ...]:
    match item:
        case Guard(tests):
            return tests
        case Dispatch(value):
            return (value,)
        case _:
            return ()


def _inner(item: _Item) -> Sequence[_Item]:
    return item.cases if isinstance(item, Dispatch) else item.then.then


def _shared(plan: Block) -> list[Tree]:
    """The expressions that the code for a plan would have more than once."""
    counts: Counter[Tree] = Counter()

    def count(tree: Tree) -> None:
        if isinstance(tree, Read | Call | Arithmetic | Negate | And | Or | Among):
            counts[tree] += 1
            if counts[tree] > 1:
                return
        for part in written(tree):
            count(part)

    for test in _all_tests(plan.then):
        count(test)
    return [tree for tree, times in counts.items() if times > 1]


def _all_tests(items: Iterable[_Item]) -> Iterator[Tree]:
    for item in items:
        yield from _tests(item)
        yield from _all_tests(_inner(item))
