"""Dead letters for tests, made as workers make them."""

import asyncio
from collections.abc import Awaitable, Sequence
from uuid import UUID

from riskengine.domain.dead_letter import Failure
from riskengine.domain.transaction import Transaction
from riskengine.pipeline import failing
from riskengine.storage import dead_letters, submissions
from riskengine.storage.database import Database
from riskengine.storage.dead_letters import LAST, Origin, Selection
from riskengine.streaming.queue import Message
from tests import factories

ORIGIN = Origin("worker-1", {"riskengine": "0.1.0", "ruleset": 1, "model": None})
RUBBISH = b"\x09rubbish"
"""A message of a schema that is far away."""


async def pending(database: Database, count: int, account_id: str = "alice") -> list[Transaction]:
    """Transactions that are stored and wait."""
    made = [factories.submission(account_id=account_id) for _ in range(count)]
    async with database.connection() as connection:
        await submissions.store(connection, made)
    return [submission.transaction for submission in made]


def failure(of: UUID | None, error: Exception | None = None, message_id: str = "1-0", body: bytes = RUBBISH) -> Failure:
    """A failure to decide a transaction, or to read a message."""
    raised = error or ValueError("cannot be scored")
    message = Message("transactions", message_id.encode(), body)
    return failing.unreadable(message, raised) if of is None else failing.undecidable(message, of, raised)


async def dead(database: Database, count: int, account_id: str = "alice", error: Exception | None = None) -> list[UUID]:
    """The ids of letters on transactions that failed at once for good, oldest first."""
    made = await pending(database, count, account_id)
    await bury(database, [failure(one.transaction_id, error) for one in made])
    places = {one.transaction_id: place for place, one in enumerate(made)}
    found = await dead_letters.page(database, Selection(account_id=account_id), 10_000)
    ours = [letter for letter in found if letter.transaction_id in places]
    assert len(ours) == count
    return sorted(letter.letter_id for letter in ours)


async def unreadable(database: Database, bodies: Sequence[bytes]) -> list[UUID]:
    """The ids of letters on messages that could not be read, oldest first."""
    failures = [failure(None, message_id=f"{place}-7", body=body) for place, body in enumerate(bodies)]
    await bury(database, failures)
    found = await dead_letters.page(database, Selection(), 10_000)
    return sorted(letter.letter_id for letter in found if letter.body is not None)


async def bury(database: Database, failures: Sequence[Failure]) -> None:
    """Notes failures that are not tried again."""
    await dead_letters.note(database, failures, ORIGIN, [], 0.0)


async def status(database: Database, letter_id: UUID) -> str:
    """Where a letter stands."""
    found = await dead_letters.get(database, letter_id)
    assert found is not None
    return found.status


async def every(database: Database, wanted: Selection = Selection()) -> list[UUID]:  # noqa: B008  (it is frozen)
    """The ids of letters, newest first."""
    return [letter.letter_id for letter in await dead_letters.page(database, wanted, 10_000, LAST)]


async def at_once(database: Database, held: UUID, steps: Sequence[Awaitable[list[UUID]]]) -> list[list[UUID]]:
    """What steps give that all begin while somebody holds a letter: none ends before the others begin."""
    async with database.connection() as looker, database.connection() as holder, holder.transaction():
        await holder.execute("SELECT FROM dead_letters WHERE letter_id = $1 FOR UPDATE", held)
        running = [asyncio.ensure_future(step) for step in steps]
        waiting = 0
        while waiting + sum(step.done() for step in running) < len(running):
            await asyncio.sleep(0.01)
            waiting = await looker.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
    return await asyncio.gather(*running)


async def waits(database: Database) -> dict[UUID, float | None]:
    """Of each pending transaction, the seconds until it is tried again; None: it is on its way."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT transaction_id, (extract(epoch FROM retry_at) - extract(epoch FROM now()))::float8 AS seconds"
            " FROM pending"
        )
    return {UUID(bytes=row["transaction_id"].bytes): row["seconds"] for row in rows}
