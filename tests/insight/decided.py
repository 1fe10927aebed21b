"""Decided transactions of many kinds, and what they add up to, computed here and not in SQL."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random

from msgspec.structs import replace

from riskengine.domain import clock
from riskengine.domain.decision import Decision
from riskengine.domain.outcome import OUTCOME_OF_LEVEL, Level
from riskengine.domain.transaction import Transaction
from riskengine.storage import decisions, partitions, rollups, submissions
from riskengine.storage.database import Database
from tests import factories

RULES = ("RULE_A", "RULE_B", "RULE_C")


def some(random: Random, count: int, *, days: int = 3, until: int | None = None) -> list[Decision]:
    """Decisions on transactions of accounts of their own, accepted within so many days until a time (ms; now)."""
    end = clock.now_ms() if until is None else until
    moments = [end - random.randrange(days * clock.DAY) for _ in range(count)]
    return [_one(random, f"{random.getrandbits(64):x}", moment) for moment in moments]


def _one(random: Random, account_id: str, created_at: int) -> Decision:
    sent = factories.transaction(
        account_id,
        str(Decimal(random.randrange(1, 10**9)).scaleb(-random.randrange(4))),
        created_at,
        currency=random.choice(("EUR", "JPY", "BHD")),
        merchant=random.choice(("m1", "m2")),
    )
    level = random.choice(list(Level))
    fired = tuple(rule for rule in RULES if random.random() < 0.4)
    verdict = replace(
        factories.verdict(sent, random.choice((0.0, 5.0, 99.9, 100.0, random.random() * 100))),
        level=level,
        outcome=OUTCOME_OF_LEVEL[level],
        rules=fired,
        shadow=tuple(rule for rule in RULES if rule not in fired and random.random() < 0.2),
    )
    TRANSACTIONS[sent.transaction_id] = sent
    return Decision(verdict, 1, sent.created_at + 3)


TRANSACTIONS: dict[object, Transaction] = {}
"""The transactions of all decisions made here, by id."""


async def take_in(database: Database, made: Sequence[Decision]) -> None:
    """Stores their transactions: pending."""
    sent = [TRANSACTIONS[one.verdict.transaction_id] for one in made]
    await partitions.ensure_for(database, {one.created_at for one in sent})
    async with database.connection() as connection:
        await submissions.store(connection, [factories.submission(of=one) for one in sent])


async def decide(database: Database, made: Sequence[Decision]) -> None:
    """Stores the decisions of transactions that were taken in."""
    refused = await decisions.store(database, made)
    assert not refused.stale
    assert not refused.settled


async def decided(database: Database, made: Sequence[Decision]) -> None:
    """Takes in and decides."""
    await take_in(database, made)
    await decide(database, made)


def expected(made: Iterable[Decision]) -> dict[str, str]:
    """The cells that they add up to, as rollups_counted.sql writes them."""
    counts: Counter[str] = Counter()
    sums: dict[str, list[Decimal]] = {}
    for one in made:
        verdict, sent = one.verdict, TRANSACTIONS[one.verdict.transaction_id]
        moment = datetime.fromtimestamp(sent.created_at // 1000, UTC)
        hour = f"hour {moment:%Y-%m-%d %H} {sent.currency} {verdict.outcome} {verdict.level}"
        amount, score = sums.setdefault(hour, [Decimal(), Decimal()])
        sums[hour] = [amount + sent.amount, score + Decimal(f"{verdict.score:.15g}")]
        bucket = min(int(verdict.score // 5) * 5, 95)
        kinds = [(rule, "fired") for rule in verdict.rules] + [(rule, "shadow") for rule in verdict.shadow]
        cells = [f"rule {moment:%Y-%m-%d} {rule} {kind} {verdict.outcome}" for rule, kind in kinds]
        counts.update([hour, f"score {moment:%Y-%m-%d} {bucket}", *cells])
    return {
        cell: " ".join([str(count), *(f"{value.normalize():f}" for value in sums.get(cell, ()))])
        for cell, count in counts.items()
    }


async def counted(database: Database) -> dict[str, str]:
    """The cells that are read now."""
    async with database.connection() as connection:
        stand = await rollups.stand(connection)
        return await rollups.counted(connection, stand.generation, date(1970, 1, 1), date(9999, 1, 1))
