"""From a rule set, and the lists that imply rules, to one Python function: see `plan` and `emitter`."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from riskengine.domain import clock
from riskengine.domain.account import Account
from riskengine.domain.transaction import Transaction
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.lists import Lists
from riskengine.scoring.rules import conjuncts, implied, names, plan, reasons
from riskengine.scoring.rules.code import CREATED_AT, Code
from riskengine.scoring.rules.emitter import Emitter
from riskengine.scoring.rules.errors import RuleError, RuleSetError
from riskengine.scoring.rules.name import Name
from riskengine.scoring.rules.parser import Expression, parse
from riskengine.scoring.rules.plan import Candidate
from riskengine.scoring.rules.rule import Rule
from riskengine.scoring.rules.ruleset import RuleSet
from riskengine.scoring.rules.tree import Compare, Number, Tree

Function = Callable[[Transaction, Account, Sequence[float], float, float], list[int]]
"""(transaction, account, features, behaviour score, model score or NaN) -> ascending places of rules that fired."""


class Fired(msgspec.Struct, frozen=True, gc=False):
    """The rules that fired and count, and those that fired without counting: in shadow mode, or snoozed."""

    counted: tuple[Rule, ...]
    shadow: tuple[Rule, ...]


class Rules:
    """A compiled rule set; immutable.

    `rules` are those of the set, then those that lists imply. `reads` are, by the id of each, the names that its
    expression and its reason read. `fired` gives the places in `rules` of those that fired.
    """

    def __init__(
        self, rules: tuple[Rule, ...], reads: Mapping[str, tuple[str, ...]], fired: Function, lists: Lists
    ) -> None:
        self.rules = rules
        self.reads = reads
        self.fired = fired
        self._lists = lists

    def split(self, fired: Sequence[int], transaction: Transaction) -> Fired:
        """Which of the rules that fired count; both kinds in their order."""
        counted, shadow = [], []
        for place in fired:
            rule = self.rules[place]
            if rule.mode == "live" and not self._lists.snoozed(rule.id, transaction):
                counted.append(rule)
            else:
                shadow.append(rule)
        return Fired(tuple(counted), tuple(shadow))


def compile_rules(ruleset: RuleSet, catalogue: Catalogue, lists: Lists) -> Rules:
    """Compiles a rule set. Raises RuleSetError with every fault of every rule."""
    known = names.of(catalogue)
    rules = (*ruleset.rules, *implied.rules(lists))
    expressions = _checked(rules, known, lists)
    candidates = [
        Candidate(place, (*_validity(rule), *conjuncts.of(expression.tree)))
        for place, (rule, expression) in enumerate(zip(rules, expressions, strict=True))
        if rule.mode != "off"
    ]
    used = dict.fromkeys(name for expression in expressions for name in expression.lists)
    code = Code(known, {name: lists.contains(name) for name in used})
    emitter = Emitter(plan.build(candidates), code)
    text = emitter.text()
    scope = emitter.scope
    exec(compile(text, f"<rules {ruleset.version}>", "exec"), scope)
    reads = {
        rule.id: tuple(dict.fromkeys((*expression.reads, *reasons.reads(rule))))
        for rule, expression in zip(rules, expressions, strict=True)
    }
    return Rules(rules, reads, scope["rules"], lists)


def _checked(rules: Iterable[Rule], known: Mapping[str, Name], lists: Lists) -> list[Expression]:
    expressions: list[Expression] = []
    errors: list[RuleError] = []
    ids: set[str] = set()
    for rule in rules:
        try:
            expressions.append(parse(rule.expression, known, lists.definitions, rule.id))
        except RuleSetError as error:
            errors += error.errors
        errors += reasons.faults(rule, known)
        if rule.id in ids:
            errors.append(RuleError(rule.id, "there is another rule of this id", hint="give it another one"))
        ids.add(rule.id)
    if errors:
        raise RuleSetError(errors)
    return expressions


def _validity(rule: Rule) -> list[Tree]:
    """The conditions that the time of acceptance must meet."""
    tests: list[Tree] = []
    if rule.valid_from is not None:
        tests.append(Compare(">=", CREATED_AT, Number(float(clock.to_ms(rule.valid_from)))))
    if rule.valid_until is not None:
        tests.append(Compare("<", CREATED_AT, Number(float(clock.to_ms(rule.valid_until)))))
    return tests
