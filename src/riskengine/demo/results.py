"""What has become of the transactions, as PostgreSQL sees it."""

from uuid import UUID

import msgspec

from riskengine.domain.outcome import Level, Outcome
from riskengine.storage.database import Database


class Results(msgspec.Struct, frozen=True):
    """All decisions, summed up: by level, by rule that fired (the most frequent first), and an example of each outcome.

    `delays_ms` is from acceptance to decision: p50, p95 and p99, in milliseconds.
    """

    levels: dict[Level, int]
    rules: dict[str, int]
    examples: dict[Outcome, UUID]
    delays_ms: tuple[float, float, float]


async def levels(database: Database) -> dict[Level, int]:
    """How many decisions there are of each level."""
    rows = await database.fetch("decisions_by_level")
    counts = {Level(row["level"]): row["count"] for row in rows}
    return {level: counts.get(level, 0) for level in Level}


async def collect(database: Database) -> Results:
    """Sums up all decisions, of which there must be at least one."""
    rules = await database.fetch("rules_fired")
    examples = await database.fetch("decision_examples")
    delays = await database.fetch("decision_delays")
    return Results(
        levels=await levels(database),
        rules={row["rule"]: row["count"] for row in rules},
        examples={Outcome(row["outcome"]): row["transaction_id"] for row in examples},
        delays_ms=tuple(delays[0]["delays"]),
    )
