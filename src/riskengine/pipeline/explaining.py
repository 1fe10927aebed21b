"""One decision with all that it was made on, and what another rule set would have made of it."""

from uuid import UUID

import msgspec

from riskengine.domain.account import Account
from riskengine.domain.decision import Decision, Verdict
from riskengine.domain.errors import NotFound
from riskengine.domain.transaction import Transaction
from riskengine.pipeline.engines import Engines
from riskengine.scoring.engine import Engine
from riskengine.storage import decisions, transactions
from riskengine.storage.attributes import Attributes
from riskengine.storage.database import Database


class Explained(msgspec.Struct, frozen=True):
    """A decision, its transaction, the account as it then was, and the engine of the versions that it names."""

    decision: Decision
    transaction: Transaction
    account: Account
    engine: Engine


class Alternative(msgspec.Struct, frozen=True):
    """What another rule set makes of the same features: the verdict, and the rules that fire now or no longer do."""

    verdict: Verdict
    engine: Engine
    newly: tuple[str, ...]
    no_longer: tuple[str, ...]


async def explained(database: Database, engines: Engines, transaction_id: UUID) -> Explained:
    """The decision on a transaction. Raises NotFound if there is none (yet), Unavailable and ConfigurationError."""
    transaction = await transactions.get(database, transaction_id)
    if transaction is None:
        raise NotFound(f"there is no transaction {transaction_id}; look for its id among the account's transactions")
    decision = await decisions.get(database, transaction_id)
    if decision is None:
        raise NotFound(f"transaction {transaction_id} is not decided yet; try again in a second")
    account_id = transaction.account_id
    attributes = await Attributes.read(database, [account_id])
    account = attributes.at(account_id, decision.account_sequence)
    return Explained(decision, transaction, account, await engines.of(decision.verdict.versions))


async def under(engines: Engines, one: Explained, ruleset: int) -> Alternative:
    """The decision executed with another rule set on the features it saw, all else as it was.

    Raises NotFound if there is no such version, and ConfigurationError if it asks for features that were not there.
    """
    stored = one.decision.verdict
    engine = await engines.of(msgspec.structs.replace(stored.versions, ruleset=ruleset))
    verdict = engine.judge(one.transaction, one.account, stored.features, stored.parts.model)
    return Alternative(
        verdict,
        engine,
        newly=tuple(rule for rule in verdict.rules if rule not in stored.rules),
        no_longer=tuple(rule for rule in stored.rules if rule not in verdict.rules),
    )
