"""What comes in is stored once, whole, and in the month that its id names."""

import asyncio
from decimal import Decimal

from riskengine.domain import clock
from riskengine.domain.transaction import Transaction
from riskengine.storage import decisions, partitions, submissions, transactions
from riskengine.storage.database import Database
from tests import factories


def complete() -> Transaction:
    """A transaction with every field set."""
    return factories.transaction(
        amount="1234567890123.45",
        merchant="Café Ørsted",
        merchant_category="5812",
        location="Brussels",
        latitude=50.85,
        longitude=4.35,
        country="BE",
        channel="pos",
        device_id="d1",
        ip="2001:db8::1",
        beneficiary="b1",
        card_bin="456712",
    )


async def test_a_submission_is_stored_with_its_place_in_the_outbox(database: Database) -> None:
    # Given a submission with every field set
    given = complete()

    # When it is stored
    async with database.connection() as connection:
        (stored,) = await submissions.store(connection, [factories.submission(of=given)])
        pending = await connection.fetchval("SELECT transaction_id FROM pending")

    # Then it is read back as it was, and waits for its decision
    assert not stored.replayed
    assert await transactions.get(database, stored.transaction_id) == given
    assert pending == given.transaction_id


async def test_a_submission_that_is_decided_at_once_is_stored_as_whole(database: Database) -> None:
    # Given a submission with every field set, and its decision
    given = complete()
    # When both are stored in one statement
    accepted = await decisions.store_new(database, [factories.submission(of=given)], [factories.decision(given, 1)])
    # Then it is read back as it was
    assert (accepted.refused.settled, accepted.refused.stale) == (frozenset(), frozenset())
    assert await transactions.get(database, given.transaction_id) == given


async def test_a_key_stands_for_its_first_transaction(database: Database) -> None:
    # Given a stored submission
    first = factories.submission("key-1", account_id="alice")
    # When the key comes again, with the same content and with other content, also within one statement
    async with database.connection() as connection:
        await submissions.store(connection, [first])
        again, other, fresh, twin = await submissions.store(
            connection,
            [
                factories.submission("key-1", account_id="alice"),
                factories.submission("key-1", account_id="mallory"),
                factories.submission("key-2", account_id="alice"),
                factories.submission("key-2", account_id="alice"),
            ],
        )
        count = await connection.fetchval("SELECT count(*) FROM transactions")

    # Then the same content is a replay, the other a conflict, and nothing is stored twice
    assert (again.transaction_id, again.replayed, again.conflict) == (first.transaction.transaction_id, True, False)
    assert (other.transaction_id, other.conflict) == (first.transaction.transaction_id, True)
    assert not fresh.replayed
    assert twin.replayed
    assert twin.transaction_id == fresh.transaction_id
    assert count == 2


async def test_concurrent_statements_with_the_same_keys_neither_deadlock_nor_duplicate(database: Database) -> None:
    # Given forty statements that carry the same fifty keys, half of them in the opposite order
    async def store(turn: int) -> list[submissions.Stored]:
        group = [factories.submission(f"key-{n}", account_id=f"a{n}") for n in range(50)]
        async with database.connection() as connection:
            return await submissions.store(connection, group if turn % 2 else group[::-1])

    # When they run at once
    answers = await asyncio.gather(*(store(turn) for turn in range(40)))

    # Then each key stands for one transaction, the same for all
    rows = await database.fetch("partition_list")
    assert rows
    ids_by_turn = [[s.transaction_id for s in (a if turn % 2 else a[::-1])] for turn, a in enumerate(answers)]
    assert all(found == ids_by_turn[0] for found in ids_by_turn)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM transactions") == 50
        assert await connection.fetchval("SELECT count(*) FROM pending") == 50


async def test_an_old_transaction_lies_in_the_month_it_was_made(database: Database) -> None:
    # Given a transaction of 2019, whose month has no partition yet
    old = factories.transaction(created_at=clock.to_ms(clock.to_datetime(1_550_000_000_000)), amount="0.01")
    await partitions.ensure_for(database, [old.created_at])

    # When it is stored
    async with database.connection() as connection:
        await submissions.store(connection, [factories.submission(of=old)])
        place = await connection.fetchval("SELECT tableoid::regclass::text FROM transactions")

    # Then it is in that month's partition, to the exact millisecond
    assert place == "transactions_2019_02"
    found = await transactions.get(database, old.transaction_id)
    assert found is not None
    assert found.occurred_at == old.occurred_at
    assert found.amount == Decimal("0.01")


async def test_a_lookup_by_id_reads_one_partition(database: Database) -> None:
    # Given several months, and the statement that looks a transaction up
    transaction = factories.transaction()
    await partitions.ensure_for(database, [1_550_000_000_000, 1_560_000_000_000])

    # When PostgreSQL is asked how it would run it
    from riskengine.storage import queries

    async with database.connection() as connection:
        created_at = clock.to_datetime(transaction.created_at)
        plan = await connection.fetch(
            "EXPLAIN " + queries.text("transaction_get"), transaction.transaction_id, created_at
        )

    # Then it reads one partition of each table, by its key
    lines = [row[0] for row in plan]
    month = f"{created_at:%Y_%m}"
    scans = [line for line in lines if "Scan" in line]
    assert len(scans) == 2, lines
    assert all(month in line and "Index Scan" in line for line in scans), lines
