"""The scoring engine: from transactions and what is remembered to verdicts. Pure: no I/O, no clock, no chance."""

from collections.abc import Iterable, Sequence
from importlib import resources

from riskengine.domain.account import Account
from riskengine.domain.decision import Verdict, Versions
from riskengine.domain.transaction import Transaction
from riskengine.scoring import composite, event, hashing, money, peers, shared
from riskengine.scoring.behaviour import compile_behaviour
from riskengine.scoring.event import Event
from riskengine.scoring.features import catalogue as catalogues
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.features.compiler import compile_features
from riskengine.scoring.history import History
from riskengine.scoring.memory import Memory
from riskengine.scoring.money import MISSING, Rates
from riskengine.scoring.peers import Peer
from riskengine.scoring.rules import ruleset as rulesets
from riskengine.scoring.rules.compiler import compile_rules
from riskengine.scoring.rules.ruleset import RuleSet


class Engine:
    """Scores with one catalogue of features, one rule set and one table of rates. Immutable, so it may be shared."""

    def __init__(self, catalogue: Catalogue, ruleset: RuleSet, rates: Rates) -> None:
        """Compiles them. Raises ConfigurationError or RuleError if one is wrong.

        `reads` then says which names each rule looks at, by the rule's id.
        """
        self.catalogue = catalogue
        self.ruleset = ruleset
        self.rates = rates
        self._versions = Versions(ruleset.version, catalogue.version, rates.version)
        self._features = compile_features(catalogue)
        self._behaviour = compile_behaviour(catalogue)
        rules = compile_rules(ruleset, catalogue)
        self._fired = rules.fired
        self.reads = dict(zip((rule.id for rule in ruleset.rules), rules.reads, strict=True))

    @classmethod
    def starter(cls) -> "Engine":
        """The engine as it is shipped."""
        data = resources.files("riskengine.scoring") / "data"
        texts = [(data / f"{name}.yaml").read_bytes() for name in ("catalogue", "starter_rules", "rates")]
        return cls(catalogues.load(texts[0]), rulesets.load(texts[1]), money.load(texts[2]))

    def score(self, transactions: Sequence[Transaction], memory: Memory) -> list[Verdict]:
        """Scores transactions in this order, each on what came before it; `memory` then holds them, too.

        A verdict does not depend on how transactions are cut into batches.
        """
        return [self._score(transaction, memory) for transaction in transactions]

    def remember(self, account: Account, transactions: Iterable[Transaction], sequence: int) -> History:
        """The history of an account that had these transactions, in the order of their decisions."""
        return History.of(account, (event.of(transaction, self.rates) for transaction in transactions), sequence)

    def _score(self, transaction: Transaction, memory: Memory) -> Verdict:
        account_id = transaction.account_id
        history = memory.histories.get(account_id)
        if history is None:
            history = History.empty(Account(account_id))
        account = history.account
        hash_ = hashing.of_64(account_id)
        slot = hash_ % peers.SLOTS
        now = event.of(transaction, self.rates)
        others = memory.peers.without(slot, account.type)
        values = self._features(transaction, now, history, hash_, others, memory.shared)
        behaviour = self._behaviour(values)
        rules = self.ruleset.rules
        fired = [rules[place] for place in self._fired(transaction, account, values, behaviour)]
        result = composite.combine(self.ruleset, fired, behaviour, None)
        memory.histories[account_id] = history.append(now)
        _note(memory, transaction, now, hash_, Peer(now.log, account.type))
        return Verdict(
            transaction.transaction_id,
            account_id,
            result.score,
            result.level,
            result.outcome,
            result.parts,
            tuple([rule.id for rule in fired]),
            values,
            self._versions,
        )


def _note(memory: Memory, transaction: Transaction, now: Event, hash_: int, peer: Peer) -> None:
    """Takes a scored transaction into what accounts share."""
    for key in shared.keys(transaction):
        shared.add(memory.shared.setdefault(key, {}), hash_, now.time)
    if now.amount != MISSING:
        slot = hash_ % peers.SLOTS
        memory.peers.put(slot, peer)
        memory.slots.append((slot, peer.log, peer.type))
