"""Our rules against those of other engines: the same rules on the same transactions, the same answers, and the time."""

import math
from collections.abc import Callable, Iterator, Sequence

import msgspec

from benchmarks.engines import Facts, Other, RuleEngine, ZenExpression, ZenExpressionOfText, ZenTable
from benchmarks.load import BenchmarkError
from benchmarks.timing import as_in_a_worker, medians
from riskengine.domain.account import Account
from riskengine.domain.transaction import Submission, Transaction
from riskengine.scoring.engine import Engine
from riskengine.scoring.lists import starter_lists
from riskengine.scoring.memory import Memory
from riskengine.scoring.rules import names
from riskengine.scoring.rules.compiler import compile_rules
from riskengine.scoring.rules.parser import parse
from riskengine.scoring.rules.tree import Tree

EARLIER = 20_000
"""Rows scored before, so that accounts have a past."""

ASKED = 2_000
"""Transactions that each engine is asked about."""

REPETITIONS = 11

_TEXTS = (
    *("currency", "merchant", "merchant_category", "location", "country", "channel", "device_id", "ip"),
    *("beneficiary", "card_bin"),
)
_ATTRIBUTES = {
    "account_id": "account_id",
    "account_type": "type",
    "account_status": "status",
    "home_country": "home_country",
}


class Asked(msgspec.Struct, frozen=True):
    """One transaction as rules see it."""

    transaction: Transaction
    account: Account
    values: tuple[float, ...]
    behaviour: float


class Timed(msgspec.Struct, frozen=True):
    """A peer: its version, and microseconds for all rules on one transaction."""

    version: str
    us: float


class Comparison(msgspec.Struct, frozen=True):
    """What ours takes (µs), what the others take, and how many times of ours the fastest of them."""

    ours_us: float
    peers: dict[str, Timed]

    @property
    def ratio(self) -> float:
        """The fastest peer's time over ours."""
        return min(peer.us for peer in self.peers.values()) / self.ours_us


def measure(submissions: Sequence[Submission], repetitions: int = REPETITIONS) -> Comparison:
    """Times the starter rules. Raises BenchmarkError if one engine says otherwise than ours on one transaction."""
    engine = Engine.starter()
    asked = sample(engine, submissions)
    fired = compile_rules(engine.ruleset, engine.catalogue, engine.lists).fired
    others = starters(engine)
    fed = [[other.feed(facts(engine, one)) for one in asked] for other in others]
    for other, inputs in zip(others, fed, strict=True):
        _check(other, inputs, [fired(*_arguments(one)) for one in asked])
    tasks = [_ours(fired, asked), *map(_theirs, others, fed)]
    with as_in_a_worker():
        ours, *theirs = (seconds / len(asked) * 1e6 for seconds in medians(tasks, repetitions))
    peers = {other.name: Timed(other.version, us) for other, us in zip(others, theirs, strict=True)}
    return Comparison(ours, peers)


def starters(engine: Engine) -> list[Other]:
    """All others, with the starter rules in them."""
    lists = {shipped.name: shipped.entries for shipped in starter_lists()}
    found = trees(engine)
    return [make(found, lists) for make in (ZenExpressionOfText, ZenExpression, ZenTable, RuleEngine)]


def trees(engine: Engine) -> list[Tree]:
    """What the rules of an engine say, in their order."""
    known = names.of(engine.catalogue)
    return [parse(rule.expression, known, engine.lists.definitions).tree for rule in engine.ruleset.rules]


def sample(engine: Engine, submissions: Sequence[Submission], count: int = ASKED) -> list[Asked]:
    """The last transactions of the rows, on what came before."""
    transactions = [submission.transaction for submission in submissions[: EARLIER + count]]
    memory = Memory()
    verdicts = engine.score(transactions, memory)
    return [
        Asked(transaction, memory.histories[transaction.account_id].account, verdict.features, verdict.parts.behaviour)
        for transaction, verdict in zip(transactions[-count:], verdicts[-count:], strict=True)
    ]


def facts(engine: Engine, asked: Asked) -> Facts:
    """All that rules may read of a transaction, by name, without what is missing."""
    known = ((name, value) for name, value in _facts(engine, asked) if value is not None)
    return {name: value for name, value in known if isinstance(value, str) or not math.isnan(value)}


def _facts(engine: Engine, asked: Asked) -> Iterator[tuple[str, float | str | None]]:
    yield from zip(engine.catalogue.names, asked.values, strict=True)
    for name in _TEXTS:
        yield name, getattr(asked.transaction, name)
    for name, attribute in _ATTRIBUTES.items():
        yield name, getattr(asked.account, attribute)
    yield "amount", float(asked.transaction.amount)
    yield names.BEHAVIOUR_SCORE, asked.behaviour


def _arguments(asked: Asked) -> tuple[Transaction, Account, tuple[float, ...], float, float]:
    return asked.transaction, asked.account, asked.values, asked.behaviour, math.nan


def _check(other: Other, inputs: Sequence[object], expected: Sequence[list[int]]) -> None:
    for fed, fired in zip(inputs, expected, strict=True):
        if (found := other.fired(other.ask(fed))) != fired:
            raise BenchmarkError(f"{other.name} says that rules {found} fire, and ours {fired}")


def _ours(fired: Callable[..., object], asked: Sequence[Asked]) -> Callable[[], None]:
    calls = [_arguments(one) for one in asked]

    def run() -> None:
        for transaction, account, values, behaviour, model in calls:
            fired(transaction, account, values, behaviour, model)

    return run


def _theirs(other: Other, inputs: Sequence[object]) -> Callable[[], None]:
    ask = other.ask

    def run() -> None:
        for fed in inputs:
            ask(fed)

    return run
