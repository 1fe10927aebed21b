"""A catalogue with features over what accounts share, an engine of it, and what the features must be."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

import msgspec

from riskengine.domain.outcome import Level
from riskengine.domain.transaction import Transaction
from riskengine.scoring import Engine, series
from riskengine.scoring.features.catalogue import Catalogue, Feature
from riskengine.scoring.model import Model
from riskengine.scoring.rules.rule import Rule
from tests.scoring.stories import ENGINE

FILTER = 'amount_base < 40 and channel == "online"'


def feature(name: str, aggregate: str, entity: str, window: str, **fields: object) -> Feature:
    """A feature over what accounts share."""
    plain = {"name": name, "aggregate": aggregate, "entity": entity, "window": window, "unit": "x", "description": "x"}
    return msgspec.convert(plain | fields, Feature)


FEATURES = (
    feature("merchant_count", "count", "merchant", "1h"),
    feature("merchant_sum", "sum", "merchant", "1h", of="amount"),
    feature("merchant_mean", "mean", "merchant", "24h", of="amount", least=2),
    feature("merchant_flagged", "flagged", "merchant", "24h"),
    feature("merchant_small", "count", "merchant", "1h", filter=FILTER),
    feature("device_count", "count", "device", "90d"),
    feature("ip_sum", "sum", "ip", "30s", of="amount"),
    feature("beneficiary_flagged", "flagged", "beneficiary", "7d", least=3),
    feature("merchant_accounts", "accounts", "merchant", "24h"),
)

_FLAGGING = Rule("RULE_LARGE", "Large", "", "amount > 70", 100.0, Level.HIGH, "review")


def engine(features: Sequence[Feature] = FEATURES, version: int = 2, model: Model | None = None) -> Engine:
    """The starter engine with these features more, and one rule, so that large amounts are not approved."""
    catalogue = Catalogue(version, (*ENGINE.catalogue.features, *features))
    ruleset = msgspec.structs.replace(ENGINE.ruleset, rules=(_FLAGGING,))
    return Engine(catalogue, ruleset, ENGINE.rates, ENGINE.lists, model)


def value_of(made: Transaction, entity: str) -> str | None:
    """The merchant, device ... of a transaction."""
    value: str | None = getattr(made, series.FIELDS[entity])
    return value


def passes(one: Feature, made: Transaction) -> bool:
    """Whether a transaction is one that the feature is about: FILTER, the obvious way."""
    amount = minor(made)
    return not one.filter or (amount is not None and amount < 4000 and made.channel == "online")


def minor(made: Transaction) -> int | None:
    """The amount in minor units, None without a rate."""
    found = ENGINE.rates.to_minor(made.amount, made.currency)
    return None if found < 0 else found


def exact(one: Feature, of: Transaction, among: Iterable[Transaction], early: int, late: int) -> list[Transaction]:
    """Those in the feature's window, made wider by so many ms at either end."""
    until = of.occurred_at
    return [
        made
        for made in among
        if value_of(made, one.entity) == value_of(of, one.entity)
        and passes(one, made)
        and until - one.window_ms - early < made.occurred_at <= until + late
    ]


def by_cells(one: Feature, of: Transaction, among: Sequence[Transaction], flagged: Collection[UUID]) -> float | None:
    """What a feature is by whole cells, from all that came before, the slow and obvious way; None: missing."""
    if value_of(of, one.entity) is None:
        return None
    grain = series.of(one).grain
    first, last = (of.occurred_at - one.window_ms + 1) // grain, of.occurred_at // grain
    events = [
        made
        for made in among
        if value_of(made, one.entity) == value_of(of, one.entity)
        and passes(one, made)
        and first <= made.occurred_at // grain <= last
    ]
    amounts = [amount for made in events if (amount := minor(made)) is not None]
    match one.aggregate:
        case "count":
            return float(len(events))
        case "sum":
            return sum(amounts) / 100
        case "mean":
            return sum(amounts) / (len(amounts) * 100) if len(amounts) >= max(one.least, 1) else None
        case _:
            enough = len(events) >= max(one.least, 1)
            return sum(made.transaction_id in flagged for made in events) / len(events) if enough else None
