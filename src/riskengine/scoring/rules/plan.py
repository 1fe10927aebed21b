"""In which order rules are tried, so that few tests tell that most of them do not fire.

Each rule is a set of conjuncts, and fires when all hold. Rules that share a kind of conjunct stand together under it:
tests of one number against thresholds, the weakest above the stronger ones; tests of one value for being this or
that, which are one look-up; and the same condition. Which kind a rule is put under is decided greedily: first the one
that most of the rules have that are not yet placed (set cover), so that few tests are made at the top.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace
from typing import Literal

import msgspec

from riskengine.scoring.rules.tree import Among, Compare, Number, Read, Text, Tree, walk

FEWEST_CASES = 3
"""Different equalities of one value from which a look-up is worth it."""

DEEPEST_PLAN = 40
"""Levels below which conditions are written out in a row: Python reads no more than 100 levels of indentation."""


class Guard(msgspec.Struct, frozen=True):
    """What is below happens where all tests hold."""

    tests: tuple[Tree, ...]
    then: "Block"


class Case(msgspec.Struct, frozen=True):
    """What happens where a value is one of the options."""

    options: tuple[float | str, ...]
    then: "Block"


class Dispatch(msgspec.Struct, frozen=True):
    """Every case that has the value happens; a missing value is in none."""

    value: Tree
    cases: tuple[Case, ...]


class Block(msgspec.Struct, frozen=True):
    """What happens at one point of the plan: places of rules that fire, and what is tried next."""

    fires: tuple[int, ...]
    then: tuple[Guard | Dispatch, ...]


class Candidate(msgspec.Struct, frozen=True):
    """A rule's place, and the conjuncts of it that are not known to hold yet."""

    place: int
    conjuncts: tuple[Tree, ...]

    def without(self, known: Sequence[Tree]) -> "Candidate":
        """The same, where these hold."""
        return Candidate(self.place, tuple(conjunct for conjunct in self.conjuncts if conjunct not in known))


class _Family(msgspec.Struct, frozen=True):
    """Conjuncts that can be tried together: thresholds below or above which a value is, equalities, or just one."""

    form: Literal["above", "below", "is", "holds"]
    of: Tree


def build(candidates: Sequence[Candidate], depth: int = 0) -> Block:
    """The plan for these rules."""
    fires = tuple(candidate.place for candidate in candidates if not candidate.conjuncts)
    rest = [candidate for candidate in candidates if candidate.conjuncts]
    if depth > DEEPEST_PLAN:
        return Block(fires, tuple(map(_alone, rest)))
    then: list[Guard | Dispatch] = []
    for family, members in _families(rest):
        if len(members) == 1:
            then.append(_alone(members[0]))
        elif family.form == "is":
            then += _equalities(family, members, depth)
        elif family.form == "holds":
            then.append(Guard((family.of,), build([member.without([family.of]) for member in members], depth + 1)))
        else:
            then += _thresholds(family, members, depth)
    return Block(fires, tuple(then))


def _alone(candidate: Candidate) -> Guard:
    """A rule on its own: its conjuncts in a row, cheap ones first."""
    return Guard(tuple(sorted(candidate.conjuncts, key=_cost)), Block((candidate.place,), ()))


def _families(candidates: Sequence[Candidate]) -> list[tuple[_Family, list[Candidate]]]:
    """Each candidate in one family of its conjuncts: the greedy cover, by rules placed for the cost of the test."""
    having: dict[_Family, dict[int, Candidate]] = defaultdict(dict)
    for candidate in candidates:
        for conjunct in candidate.conjuncts:
            having[_family(conjunct)][candidate.place] = candidate
    costs = {family: _cost(family.of) for family in having}
    left = Counter({family: len(members) for family, members in having.items()})
    heap = [(-left[family] / costs[family], order, family) for order, family in enumerate(having)]
    heapify(heap)
    placed: set[int] = set()
    found = []
    while heap:
        score, order, family = heap[0]
        now = -left[family] / costs[family]
        if now > score:  # some of its rules were placed since
            heapreplace(heap, (now, order, family))
            continue
        heappop(heap)
        members = [member for place, member in having[family].items() if place not in placed]
        if not members:
            break
        found.append((family, members))
        placed.update(member.place for member in members)
        for member in members:
            left.subtract({_family(conjunct) for conjunct in member.conjuncts})
    return found


def _family(conjunct: Tree) -> _Family:
    match conjunct:
        case Compare(">" | ">=", value, Number()):
            return _Family("above", value)
        case Compare("<" | "<=", value, Number()):
            return _Family("below", value)
        case Compare("==", value, Number() | Text()):
            return _Family("is", value)
        case Among(value, tuple(), False):
            return _Family("is", value)
        case _:
            return _Family("holds", conjunct)


def _cost(tree: Tree) -> int:
    """About how many steps it takes to evaluate."""
    return sum(1 if isinstance(part, Read | Number | Text | Compare) else 4 for part in walk(tree))


def _equalities(family: _Family, members: Sequence[Candidate], depth: int) -> list[Guard | Dispatch]:
    by_test: dict[Tree, list[Candidate]] = defaultdict(list)
    for member in members:
        test = next(conjunct for conjunct in member.conjuncts if _family(conjunct) == family)
        by_test[test].append(member.without([test]))
    blocks = {test: build(group, depth + 5) for test, group in by_test.items()}
    if len(blocks) < FEWEST_CASES:
        return [Guard((test,), block) for test, block in blocks.items()]
    return [Dispatch(family.of, tuple(Case(_options(test), block) for test, block in blocks.items()))]


def _options(test: Tree) -> tuple[float | str, ...]:
    match test:
        case Compare(_, _, Number(value) | Text(value)):
            return (value,)
        case Among(_, tuple() as options):
            return options
        case _:
            raise AssertionError(f"{test} is no equality")


def _thresholds(family: _Family, members: Sequence[Candidate], depth: int) -> list[Guard | Dispatch]:
    """Levels of one number, the weakest first; a rule stands at its strongest threshold, which implies its others."""
    levels: dict[Tree, list[Candidate]] = defaultdict(list)
    for member in members:
        tests = [conjunct for conjunct in member.conjuncts if _family(conjunct) == family]
        levels[max(tests, key=_strength)].append(member.without(tests))
    return _ladder(sorted(levels.items(), key=lambda level: _strength(level[0])), depth)


def _strength(test: Tree) -> tuple[float, bool]:
    match test:
        case Compare(operator, _, Number(value)):
            return (value if operator in (">", ">=") else -value), operator in (">", "<")
        case _:
            raise AssertionError(f"{test} is no threshold")


def _ladder(levels: Sequence[tuple[Tree, Sequence[Candidate]]], depth: int) -> list[Guard | Dispatch]:
    """The weakest test guards the others, which stand in two halves below it: so the ladder is not deep."""
    if not levels:
        return []
    (test, group), rest = levels[0], levels[1:]
    half = len(rest) // 2
    block = build(group, depth + 1)
    then = (*block.then, *_ladder(rest[:half], depth + 1), *_ladder(rest[half:], depth + 1))
    return [Guard((test,), Block(block.fires, then))]
