"""A decision is stored once, and only if it was made on the account's present state."""

import asyncio
import math

from riskengine.domain.account import Account
from riskengine.domain.transaction import Transaction
from riskengine.storage import accounts, decisions, submissions
from riskengine.storage.database import Database
from tests import factories


async def _stored(database: Database, *transactions: Transaction) -> None:
    async with database.connection() as connection:
        await submissions.store(connection, [factories.submission(of=t) for t in transactions])


async def _count(database: Database, table: str) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


async def test_a_decision_is_read_back_as_it_was_made(database: Database) -> None:
    # Given two pending transactions of a new account
    first, second = factories.transaction(), factories.transaction()
    await _stored(database, first, second)

    # When both are decided
    made = [factories.decision(first, 1, 12.345678901234567), factories.decision(second, 2)]
    refused = await decisions.store(database, made)

    # Then both are stored bit for bit, the outbox is empty, and the account exists at sequence 2
    assert refused == decisions.Refused(frozenset(), frozenset())
    found = await decisions.get(database, first.transaction_id)
    assert found is not None
    assert found.verdict.score == 12.345678901234567
    assert found.verdict.features[:2] == (1.0, 2.5)
    assert math.isnan(found.verdict.features[2])
    assert found.verdict.rules == made[0].verdict.rules
    assert (found.account_sequence, found.decided_at) == (1, made[0].decided_at)
    assert await _count(database, "pending") == 0
    (past,) = await accounts.pasts(database, ["alice"], 10**9)
    assert past.sequence == 2
    assert [one.transaction for one in past.decided] == [first, second]
    assert {(one.outcome, one.rates_version) for one in past.decided} == {("approve", 1)}


async def test_a_transaction_without_a_rule_fired_has_none(database: Database) -> None:
    # Given a verdict on which no rule fired
    transaction = factories.transaction()
    await _stored(database, transaction)
    quiet = factories.decision(transaction, 1)
    # When it is stored
    import msgspec

    await decisions.store(
        database, [msgspec.structs.replace(quiet, verdict=msgspec.structs.replace(quiet.verdict, rules=()))]
    )
    # Then it reads back without rules
    found = await decisions.get(database, transaction.transaction_id)
    assert found is not None
    assert found.verdict.rules == ()


async def test_what_was_decided_before_is_settled_and_makes_its_account_stale(database: Database) -> None:
    # Given a decided transaction and two pending ones, one of the same account
    done, next_, other = factories.transaction(), factories.transaction(), factories.transaction("bob")
    await _stored(database, done, next_, other)
    await decisions.store(database, [factories.decision(done, 1)])

    # When all three are decided, as if the first were new
    refused = await decisions.store(
        database, [factories.decision(done, 1), factories.decision(next_, 2), factories.decision(other, 1)]
    )

    # Then the first is settled, its neighbour of the account must be scored again, and the other account got through
    assert refused.settled == {done.transaction_id}
    assert refused.stale == {next_.transaction_id}
    assert await _count(database, "decisions") == 2
    assert await _count(database, "pending") == 1


async def test_a_decision_on_a_state_that_is_not_the_present_one_is_refused(database: Database) -> None:
    # Given an account with one decision, and one that PostgreSQL has never seen
    first, second, ghost = factories.transaction(), factories.transaction(), factories.transaction("ghost")
    await _stored(database, first, second, ghost)
    await decisions.store(database, [factories.decision(first, 1)])

    # When decisions come that were made on an older, on a newer and on an invented state
    refusals = [await decisions.store(database, [factories.decision(second, sequence)]) for sequence in (1, 3)] + [
        await decisions.store(database, [factories.decision(ghost, 5)])
    ]

    # Then none is stored, and the right one is
    assert [len(r.stale) for r in refusals] == [1, 1, 1]
    assert await decisions.store(database, [factories.decision(second, 2)]) == decisions.Refused(
        frozenset(), frozenset()
    )


async def test_new_attributes_make_decisions_on_the_old_ones_stale(database: Database) -> None:
    # Given an account whose attributes change after its history was read at sequence 0
    transaction = factories.transaction()
    await _stored(database, transaction)
    await accounts.put(database, Account("alice", type="business", home_country="BE"))
    # When a decision made before the change arrives
    refused = await decisions.store(database, [factories.decision(transaction, 1)])
    # Then it is refused; the one made after it is taken
    assert refused.stale == {transaction.transaction_id}
    assert not (await decisions.store(database, [factories.decision(transaction, 2)])).stale


async def test_of_concurrent_decisions_one_is_stored(database: Database) -> None:
    # Given thirty accounts with one pending transaction each
    transactions = [factories.transaction(f"a{n}") for n in range(30)]
    await _stored(database, *transactions)

    # When eight workers decide all of them at once, in different orders
    async def decide(turn: int) -> int:
        batch = [
            factories.decision(t, 1, score=float(turn)) for t in (transactions if turn % 2 else transactions[::-1])
        ]
        refused = await decisions.store(database, batch)
        return len(batch) - len(refused.settled) - len(refused.stale)

    stored = await asyncio.gather(*(decide(turn) for turn in range(8)))

    # Then each transaction has one decision
    assert sum(stored) == 30
    assert await _count(database, "decisions") == 30
    assert await _count(database, "pending") == 0
