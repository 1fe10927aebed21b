"""The audit finds every way in which an accepted transaction may not have exactly one decision."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest

from riskengine.domain import ids
from riskengine.pipeline.proof.audit import audit
from riskengine.storage import decisions, submissions
from riskengine.storage.database import Database
from tests import factories


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The test's own database."""
    opened = await Database.connect(database_url, idle=1, most=2, name="tests")
    yield opened
    await opened.close()


@pytest.fixture
async def accepted(database: Database) -> list[UUID]:
    """The ids of three transactions, stored and decided."""
    sent = [factories.submission(account_id=name) for name in ("ann", "bob", "cleo")]
    async with database.connection() as connection:
        await submissions.store(connection, sent)
    await decisions.store(database, [factories.decision(one.transaction, 1) for one in sent])
    return [one.transaction.transaction_id for one in sent]


async def _execute(database: Database, statement: str, *arguments: object) -> None:
    async with database.connection() as connection:
        await connection.execute(statement, *arguments)


async def test_one_decision_each_is_no_fault(database: Database, accepted: Sequence[UUID]) -> None:
    found = await audit(database, accepted)
    assert found.accepted == 3
    assert found.faults == []


async def test_an_id_answered_twice_counts_once(database: Database, accepted: Sequence[UUID]) -> None:
    found = await audit(database, [*accepted, accepted[0]])
    assert found.accepted == 3
    assert found.faults == []


async def test_a_missing_decision_is_found(database: Database, accepted: Sequence[UUID]) -> None:
    await _execute(database, "DELETE FROM decisions WHERE transaction_id = $1", accepted[0])
    assert (await audit(database, accepted)).faults == ["1 transactions are accepted but not decided"]


async def test_a_transaction_that_is_still_pending_is_found(database: Database, accepted: Sequence[UUID]) -> None:
    await _execute(database, "INSERT INTO pending VALUES ($1, now(), now())", accepted[0])
    assert (await audit(database, accepted)).faults == ["1 transactions are still in the outbox"]


async def test_a_lost_transaction_is_found(database: Database, accepted: Sequence[UUID]) -> None:
    found = await audit(database, [*accepted, ids.new()])
    assert found.faults == ["1 transactions are accepted but not stored", "1 transactions are accepted but not decided"]


@pytest.mark.parametrize(("table", "fault"), [("transactions", "stored"), ("decisions", "decided")])
async def test_a_doubled_row_is_found(database: Database, accepted: Sequence[UUID], table: str, fault: str) -> None:
    # Given a second row of the same transaction, which only another created_at allows
    async with database.connection() as connection:
        await connection.execute(f"CREATE TEMP TABLE again AS SELECT * FROM {table}")
        await connection.execute("UPDATE again SET created_at = created_at + interval '1 millisecond'")
        await connection.execute(f"INSERT INTO {table} SELECT * FROM again WHERE transaction_id = $1", accepted[0])
    # When audited, then it is named
    assert f"1 transactions are {fault} more than once" in (await audit(database, accepted)).faults


async def test_a_transaction_stored_under_two_ids_is_found(database: Database, accepted: Sequence[UUID]) -> None:
    # Given one idempotency key with two transactions
    await _execute(
        database, "UPDATE transactions SET idempotency_key = 'same' WHERE transaction_id = ANY ($1)", accepted[:2]
    )
    # When audited, then it is named
    assert (await audit(database, accepted)).faults == ["1 transactions are stored under an idempotency key of another"]


async def test_what_was_never_accepted_is_found(database: Database, accepted: Sequence[UUID]) -> None:
    assert (await audit(database, accepted[1:])).faults == ["1 transactions are stored or decided, but never accepted"]
