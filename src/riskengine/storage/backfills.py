"""What the state of features is filled from in PostgreSQL, page by page, and how far that is."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from riskengine.domain import clock, ids
from riskengine.domain.outcome import Outcome
from riskengine.storage import transactions
from riskengine.storage.accounts import Decided
from riskengine.storage.database import Database


class Era(msgspec.Struct, frozen=True):
    """Which decided transactions: created from `start` to `end`, decided before `decided_before`; all in ms."""

    start: int
    end: int
    decided_before: int


class Filled(msgspec.Struct, frozen=True):
    """How far it is: the last key that is done, and how much of how much."""

    position: str
    done: int
    total: int


async def page(database: Database, era: Era, after: UUID, most: int) -> list[Decided]:
    """Up to so many of the era's transactions, in the order of their ids, after the one given."""
    bounds = [clock.to_datetime(ms) for ms in (era.start, era.end)]
    decided_before = clock.to_datetime(era.decided_before)
    rows = await database.fetch("backfill_page", *bounds, after, decided_before, most)
    return [Decided(transactions.from_row(row), Outcome(row["outcome"]), row["rates_version"]) for row in rows]


async def put(database: Database, names: Sequence[str], filled: Filled, *, finished: bool) -> None:
    """Notes how far those of the names are. An empty position starts anew."""
    await database.fetch("backfill_put", list(names), filled.position, filled.done, filled.total, finished)


async def unfinished(database: Database, name: str) -> Filled | None:
    """How far an interrupted filling got; None if there is none."""
    row = await database.fetch_one("backfill_get", name)
    if row is None or row["finished_at"] is not None:
        return None
    return Filled(row["position"], row["done"], row["total"])


async def account_count(database: Database) -> int:
    """How many accounts there are."""
    row = await database.fetch_one("account_count")
    return 0 if row is None else int(row["count"])


async def account_ids(database: Database, after: str, most: int) -> list[str]:
    """Up to so many account ids in order, after the one given."""
    return [row["account_id"] for row in await database.fetch("account_page", after, most)]


def position_ms(position: str) -> int:
    """The time (ms) at which a page ended that ended with that id."""
    return ids.created_at_ms(UUID(position))
