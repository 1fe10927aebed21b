"""Executing again what was decided, account by account in the order of the decisions."""

from riskengine.scoring.engine import Engine
from riskengine.scoring.memory import Memory
from riskengine.storage import decisions, transactions
from riskengine.storage.database import Database

ENGINE = Engine.starter()

_DECIDED = """
    SELECT t.*, d.account_sequence, d.score, d.level, d.outcome, d.rules_score, d.behaviour_score, d.model_score,
           d.rules_weight, d.behaviour_weight, d.model_weight, d.rules, d.features, d.ruleset_version,
           d.catalogue_version, d.rates_version, d.lists_version, d.model_version, d.decided_at,
           d.shadow_rules, d.degraded
    FROM transactions t JOIN decisions d USING (transaction_id, created_at, account_id)
    ORDER BY account_id, account_sequence
"""


async def differences(database: Database) -> list[str]:
    """Features of accounts that a replay of everything gives other bits for than were stored."""
    async with database.connection() as connection:
        rows = await connection.fetch(_DECIDED)
    own = [(n, f.name) for n, f in enumerate(ENGINE.catalogue.features) if f.entity == "account"]
    replayed = ENGINE.score([transactions.from_row(row) for row in rows], Memory())
    return [
        f"{row['account_id']} {row['account_sequence']}: {name} was {live!r} and is {again!r}"
        for row, verdict in zip(rows, replayed, strict=True)
        for n, name in own
        if repr(live := decisions.from_row(row).verdict.features[n]) != repr(again := verdict.features[n])
    ]
