"""The living processes and what each runs, in PostgreSQL."""

import msgspec

from riskengine.domain import clock
from riskengine.domain.release import ProcessReport, RunningVersions
from riskengine.storage import running
from riskengine.storage.database import Database

DEAD_AFTER = 10.0
"""Seconds: a process that was not heard of for so long, five of its beats, is dead."""


class Identity(msgspec.Struct, frozen=True):
    """Who a process is. `role` is `api` or `worker`; `started_at` is milliseconds since the epoch."""

    process_id: str
    role: str
    started_at: int


class State(msgspec.Struct, frozen=True):
    """What a process runs, why it cannot run what it should, and how many transactions it decides a second."""

    runs: RunningVersions
    problem: str | None = None
    rate: float = 0.0


async def renew(database: Database, who: Identity, state: State) -> None:
    """Says that a process lives and how it is; processes that are dead are forgotten."""
    started_at, runs = clock.to_datetime(who.started_at), state.runs
    versions = (runs.generation, runs.ruleset, runs.catalogue, runs.rates, runs.model, runs.lists)
    is_so = (*versions, state.problem, DEAD_AFTER, state.rate)
    await database.fetch("process_put", who.process_id, who.role, started_at, *is_so)


async def remove(database: Database, who: Identity) -> None:
    """Forgets a process that ends."""
    await database.fetch("process_remove", who.process_id)


async def living(database: Database) -> list[ProcessReport]:
    """What each living process runs."""
    return [
        ProcessReport(
            process_id=row["process_id"],
            role=row["role"],
            started_at=clock.to_ms(row["started_at"]),
            seen_at=clock.to_ms(row["seen_at"]),
            running=running.from_row(row),
            problem=row["problem"],
            rate=row["rate"],
        )
        for row in await database.fetch("process_list", DEAD_AFTER)
    ]
