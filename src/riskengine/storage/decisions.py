"""Decisions in PostgreSQL: stored once, behind the account's fence, and read back."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from riskengine.domain import clock, ids
from riskengine.domain.decision import Decision, Parts, Verdict, Versions
from riskengine.domain.outcome import Level, Outcome
from riskengine.domain.transaction import Submission
from riskengine.storage import submissions as submitted
from riskengine.storage.database import Database, Row, fetch
from riskengine.storage.submissions import Stored


class Refused(msgspec.Struct, frozen=True):
    """Decisions that were not stored: `settled` ones had been decided before, `stale` ones are to be scored again."""

    settled: frozenset[UUID]
    stale: frozenset[UUID]

    def __contains__(self, transaction_id: object) -> bool:
        return transaction_id in self.settled or transaction_id in self.stale


async def store(database: Database, decisions: Sequence[Decision]) -> Refused:
    """Stores the decisions in one atomic statement, except those that the fence refuses.

    All must be of one engine (same versions, same catalogue) and each account's in the order of its sequence.
    """
    rows = await database.fetch("decide", *_columns(decisions))
    return Refused(
        settled=frozenset(row["transaction_id"] for row in rows if row["settled"]),
        stale=frozenset(row["transaction_id"] for row in rows if not row["settled"]),
    )


class Accepted(msgspec.Struct, frozen=True):
    """What became of new transactions and their decisions: `stored` in order, and which decisions were not."""

    stored: list[Stored]
    refused: Refused


async def store_new(database: Database, submissions: Sequence[Submission], decisions: Sequence[Decision]) -> Accepted:
    """Stores new transactions and their decisions in one atomic statement; they must be in the same order.

    Those of a known key are not stored (their decisions are `settled`); those that the fence refuses are, and pending.
    """
    async with database.connection() as connection:
        arguments = [*submitted.columns(submissions), *_columns(decisions)[3:]]
        rows = await fetch(connection, "decide_new", *arguments)
        fresh = {row["transaction_id"] for row in rows if row["accepted"]}
        stored = await submitted.resolve(connection, submissions, fresh)
    undecided = {row["transaction_id"] for row in rows if not row["decided"]}
    return Accepted(stored, Refused(settled=frozenset(undecided - fresh), stale=frozenset(undecided & fresh)))


async def get(database: Database, transaction_id: UUID) -> Decision | None:
    """The decision on a transaction, or None while there is none."""
    created_at = clock.to_datetime(ids.created_at_ms(transaction_id))
    row = await database.fetch_one("decision_get", transaction_id, created_at)
    return None if row is None else from_row(row)


def _columns(decisions: Sequence[Decision]) -> list[object]:
    """The parameters of decide.sql: arrays by column, the feature vectors end to end, and what all have in common."""
    verdicts = [decision.verdict for decision in decisions]
    parts = [verdict.parts for verdict in verdicts]
    first = verdicts[0]
    return [
        [v.transaction_id for v in verdicts],
        [ids.created_at_ms(v.transaction_id) for v in verdicts],
        [v.account_id for v in verdicts],
        [d.account_sequence for d in decisions],
        [v.score for v in verdicts],
        [v.level for v in verdicts],
        [v.outcome for v in verdicts],
        [p.rules for p in parts],
        [p.behaviour for p in parts],
        [p.model for p in parts],
        [p.rules_weight for p in parts],
        [p.behaviour_weight for p in parts],
        [p.model_weight for p in parts],
        [",".join(v.rules) for v in verdicts],
        [",".join(v.shadow) for v in verdicts],
        [",".join(v.degraded) for v in verdicts],
        [value for v in verdicts for value in v.features],
        len(first.features),
        first.versions.ruleset,
        first.versions.catalogue,
        first.versions.rates,
        first.versions.lists,
        first.versions.model,
        decisions[0].decided_at,
    ]


def from_row(row: Row) -> Decision:
    """A decision as a row of the table `decisions` holds it."""
    verdict = Verdict(
        transaction_id=UUID(bytes=row["transaction_id"].bytes),
        account_id=row["account_id"],
        score=row["score"],
        level=Level(row["level"]),
        outcome=Outcome(row["outcome"]),
        parts=Parts(
            rules=row["rules_score"],
            behaviour=row["behaviour_score"],
            model=row["model_score"],
            rules_weight=row["rules_weight"],
            behaviour_weight=row["behaviour_weight"],
            model_weight=row["model_weight"],
        ),
        rules=tuple(row["rules"]),
        features=tuple(row["features"]),
        versions=Versions(
            ruleset=row["ruleset_version"],
            catalogue=row["catalogue_version"],
            rates=row["rates_version"],
            lists=row["lists_version"],
            model=row["model_version"],
        ),
        shadow=tuple(row["shadow_rules"]),
        degraded=tuple(row["degraded"]),
    )
    return Decision(verdict, row["account_sequence"], clock.to_ms(row["decided_at"]))
