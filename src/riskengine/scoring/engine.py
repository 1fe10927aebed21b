"""The scoring engine: from transactions and what is remembered to verdicts. Pure: no I/O, no clock, no chance."""

from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from math import nan

import msgspec

from riskengine.domain.account import Account
from riskengine.domain.decision import Verdict, Versions
from riskengine.domain.outcome import Outcome
from riskengine.domain.transaction import Transaction
from riskengine.scoring import composite, event, hashing, money, peers, shared
from riskengine.scoring.behaviour import compile_behaviour
from riskengine.scoring.commons import Commons
from riskengine.scoring.event import Event, Past
from riskengine.scoring.features import catalogue as catalogues
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.features.compiler import Vector, compile_features
from riskengine.scoring.history import History
from riskengine.scoring.lists import Lists
from riskengine.scoring.memory import Memory
from riskengine.scoring.model import Model
from riskengine.scoring.money import MISSING, Rates
from riskengine.scoring.peers import Peer
from riskengine.scoring.rules import ruleset as rulesets
from riskengine.scoring.rules.compiler import Fired, compile_rules
from riskengine.scoring.rules.ruleset import RuleSet

_DEGRADED = ("model",)
_NONE = Fired((), ())


class _Sensed(msgspec.Struct, frozen=True, gc=False):
    """What is known of a transaction before it is judged."""

    transaction: Transaction
    event: Event
    history: History
    values: Vector


class Engine:
    """Scores with one catalogue of features, one rule set, one table of rates, lists, and a model, if there is one.

    Immutable, so it may be shared.
    """

    def __init__(
        self, catalogue: Catalogue, ruleset: RuleSet, rates: Rates, lists: Lists, model: Model | None = None
    ) -> None:
        """Compiles them. Raises ConfigurationError if one is wrong, or does not go with the others.

        `rules` then are all rules by id, with those that lists imply, and `reads` the names that each looks at.
        """
        self.catalogue = catalogue
        self.ruleset = ruleset
        self.rates = rates
        self.lists = lists
        self.model = model
        self.versions = Versions(
            ruleset.version, catalogue.version, rates.version, lists.version, None if model is None else model.version
        )
        self._horizon = catalogue.horizon
        self.commons = Commons(catalogue.features)
        self._features = compile_features(catalogue)
        self._behaviour = compile_behaviour(catalogue)
        compiled = compile_rules(ruleset, catalogue, lists)
        self._fired = compiled.fired
        self._split = compiled.split
        self.rules = {rule.id: rule for rule in compiled.rules}
        self.reads = compiled.reads

    @classmethod
    def starter(cls) -> "Engine":
        """The engine as it is shipped."""
        data = resources.files("riskengine.scoring") / "data"
        texts = [(data / f"{name}.yaml").read_bytes() for name in ("catalogue", "starter_rules", "rates")]
        return cls(catalogues.load(texts[0]), rulesets.load(texts[1]), money.load(texts[2]), Lists.starter())

    def score(self, transactions: Sequence[Transaction], memory: Memory) -> list[Verdict]:
        """Scores transactions in this order, each on what came before it; `memory` then holds them, too.

        A verdict does not depend on how transactions are cut into batches.
        """
        if self.model is None:
            return [self._judge(self._sense(transaction, memory), None, memory) for transaction in transactions]
        verdicts: list[Verdict] = []
        for run in _runs(transactions, self.commons):
            sensed = [self._sense(transaction, memory) for transaction in run]
            scores = self.model.score([one.values for one in sensed])
            verdicts += [self._judge(one, score, memory) for one, score in zip(sensed, scores, strict=True)]
        return verdicts

    def judge(self, transaction: Transaction, account: Account, values: Vector, model: float | None) -> Verdict:
        """The verdict on a transaction whose features are known: also how a stored decision is executed again.

        `model` is the model's score, None where it has none.
        """
        behaviour = self._behaviour(values)
        places = self._fired(transaction, account, values, behaviour, nan if model is None else model)
        fired = self._split(places, transaction) if places else _NONE
        result = composite.combine(self.ruleset, fired.counted, behaviour, model)
        return Verdict(
            transaction.transaction_id,
            transaction.account_id,
            result.score,
            result.level,
            result.outcome,
            result.parts,
            tuple([rule.id for rule in fired.counted]),
            values,
            self.versions,
            tuple([rule.id for rule in fired.shadow]),
            _DEGRADED if model is None and self.model is not None else (),
        )

    def features(self, transaction: Transaction, now: Event, history: History, memory: Memory) -> Vector:
        """The features of a transaction, the event `now`, on a history and on what accounts share, in `memory`.

        Just what `score` computes, for executing a decision again. It changes nothing.
        """
        hash_ = hashing.of_64(transaction.account_id)
        others = memory.peers.without(hash_ % peers.SLOTS, history.account.type)
        return self._features(transaction, now, history, hash_, others, memory.shared, memory.series)

    def share(self, transaction: Transaction, past: Past, type_: str, memory: Memory) -> None:
        """Takes a decided transaction of an account of that type into what accounts share, as `score` does."""
        _note(memory, self.commons.keys(transaction), past.event, hashing.of_64(transaction.account_id), type_)
        if self.commons.series:
            self.commons.count(memory, transaction, past.event)
            self.commons.judged(memory, transaction, past.event, past.flagged)

    def remember(self, account: Account, past: Iterable[Past], sequence: int) -> History:
        """The history of an account that had these events, in the order of their decisions."""
        return History.of(account, past, sequence, self.catalogue.horizon)

    def _sense(self, transaction: Transaction, memory: Memory) -> "_Sensed":
        """What there is to know of a transaction; what accounts share then holds it."""
        account_id = transaction.account_id
        history = memory.histories.get(account_id)
        if history is None:
            history = History.empty(Account(account_id), self._horizon)
        account = history.account
        hash_ = hashing.of_64(account_id)
        slot = hash_ % peers.SLOTS
        now = event.of(transaction, self.rates)
        others = memory.peers.without(slot, account.type)
        values = self._features(transaction, now, history, hash_, others, memory.shared, memory.series)
        _note(memory, self.commons.keys(transaction), now, hash_, account.type)
        if self.commons.series:
            self.commons.count(memory, transaction, now)
        return _Sensed(transaction, now, history, values)

    def _judge(self, sensed: "_Sensed", model: float | None, memory: Memory) -> Verdict:
        """The verdict on what was sensed, which the account's history then holds."""
        transaction, history = sensed.transaction, sensed.history
        verdict = self.judge(transaction, history.account, sensed.values, model)
        flagged = verdict.outcome is not Outcome.APPROVE
        memory.histories[transaction.account_id] = history.append(sensed.event, flagged)
        if self.commons.series:
            self.commons.judged(memory, transaction, sensed.event, flagged)
        return verdict


def _runs(transactions: Sequence[Transaction], commons: Commons) -> Iterator[list[Transaction]]:
    """The transactions in order, cut so that none is in a run with one whose outcome it is to see.

    That is an earlier one of its account, and of all whose outcomes are counted on something that it shares.
    """
    run: list[Transaction] = []
    met: set[str] = set()
    for transaction in transactions:
        meets = [transaction.account_id, *commons.meets(transaction)] if commons.crossing else [transaction.account_id]
        if not met.isdisjoint(meets):
            yield run
            run, met = [], set()
        run.append(transaction)
        met.update(meets)
    if run:
        yield run


def _note(memory: Memory, keys: Sequence[str], now: Event, hash_: int, type_: str) -> None:
    """Takes a scored transaction into what accounts share."""
    for key in keys:
        shared.add(memory.shared.setdefault(key, {}), hash_, now.time)
    if now.amount != MISSING:
        slot = hash_ % peers.SLOTS
        memory.peers.put(slot, Peer(now.log, type_))
        memory.slots.append((slot, now.log, type_))
