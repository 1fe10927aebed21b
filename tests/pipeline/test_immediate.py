"""Decided before the answer: once, in one order with what workers decide, and never lost."""

import asyncio
from collections.abc import Sequence

import pytest
from redis.asyncio import Redis

from riskengine.domain.decision import Verdict
from riskengine.domain.errors import IdempotencyConflict, Unavailable
from riskengine.domain.transaction import Transaction
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.engines import Fixed
from riskengine.pipeline.immediate import Immediate, NotYetDecided
from riskengine.pipeline.recall import Recall
from riskengine.pipeline.room import Room
from riskengine.resilience import redis as connections
from riskengine.scoring import shared
from riskengine.scoring.engine import Engine
from riskengine.scoring.memory import Memory
from riskengine.state.histories import Histories
from riskengine.storage import submissions
from riskengine.storage.database import Database
from tests import factories

ENGINE = Engine.starter()
START = 1_700_000_000_000


def _decider(database: Database, redis: Redis, engine: Engine = ENGINE) -> Decider:
    engines = Fixed(engine)
    return Decider(
        database, Recall(database, Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS), engines), engines
    )


def _immediate(database: Database, redis: Redis, engine: Engine = ENGINE) -> Immediate:
    return Immediate(database, _decider(database, redis, engine), Room(1000))


async def _count(database: Database, table: str) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


async def test_decisions_are_those_of_the_offline_engine(database: Database, redis: Redis) -> None:
    # Given transactions of a few accounts, scored offline
    traffic = [factories.transaction(f"a{n % 5}", f"{n + 1}.50", occurred_at=START + n * 1000) for n in range(60)]
    offline = ENGINE.score(traffic, Memory())
    # When their senders wait for them, one after the other and then many at once
    immediate = _immediate(database, redis)
    first = [await immediate.decide(factories.submission(of=t)) for t in traffic[:10]]
    rest = await asyncio.gather(*(immediate.decide(factories.submission(of=t)) for t in traffic[10:]))
    # Then each is decided as offline, and nothing is left to do
    assert [repr(d.verdict) for d in [*first, *rest]] == [repr(verdict) for verdict in offline]
    assert await _count(database, "decisions") == 60
    assert await _count(database, "pending") == 0


async def test_one_key_makes_one_decision_however_often_it_is_sent(database: Database, redis: Redis) -> None:
    # Given two replicas
    replicas = [_immediate(database, redis), _immediate(database, redis)]
    # When a hundred senders use one key at once, and others the same account
    same = [replicas[n % 2].decide(factories.submission("one-key")) for n in range(100)]
    others = [replicas[n % 2].decide(factories.submission(amount=f"{n + 1}.00")) for n in range(20)]
    decisions = await asyncio.gather(*same, *others)
    # Then the hundred have the same decision, and the account's are numbered without a gap
    assert len({repr(decision) for decision in decisions[:100]}) == 1
    places = {d.verdict.transaction_id: d.account_sequence for d in decisions}
    assert sorted(places.values()) == list(range(1, 22))
    assert await _count(database, "transactions") == await _count(database, "decisions") == 21
    assert await _count(database, "pending") == 0


async def test_other_content_under_a_used_key_is_refused(database: Database, redis: Redis) -> None:
    # Given a used key
    immediate = _immediate(database, redis)
    await immediate.decide(factories.submission("k", account_id="alice"))
    # When it comes with other content, then it is refused, and nothing of it is stored
    with pytest.raises(IdempotencyConflict):
        await immediate.decide(factories.submission("k", account_id="mallory"))
    assert await _count(database, "transactions") == 1


async def test_who_asks_for_what_is_pending_gets_it_decided(database: Database, redis: Redis) -> None:
    # Given a transaction that was taken in and waits for a worker
    waiting = factories.submission("k")
    async with database.connection() as connection:
        await submissions.store(connection, [waiting])
    # When its sender asks for the decision under the same key
    decision = await _immediate(database, redis).decide(factories.submission("k"))
    # Then it is decided now, once
    assert decision.verdict.transaction_id == waiting.transaction.transaction_id
    assert await _count(database, "decisions") == 1
    assert await _count(database, "pending") == 0


async def test_workers_and_waiting_senders_share_accounts(database: Database, redis: Redis) -> None:
    # Given pending transactions of an account for a worker, and senders that wait on the same one
    pending = [factories.transaction(amount=f"{n + 1}.00") for n in range(40)]
    async with database.connection() as connection:
        await submissions.store(connection, [factories.submission(of=t) for t in pending])
    worker, immediate = _decider(database, redis), _immediate(database, redis)
    # When both are at it
    batches = [worker.decide(pending[start : start + 10]) for start in range(0, 40, 10)]
    asked = [immediate.decide(factories.submission(amount="9.00")) for _ in range(40)]
    await asyncio.gather(*batches, *asked)
    # Then all are decided once, in one order
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT account_sequence FROM decisions ORDER BY 1")
    assert [row[0] for row in rows] == list(range(1, 81))
    assert await _count(database, "pending") == 0


async def test_what_cannot_be_scored_is_accepted_and_said_to_be_undecided(database: Database, redis: Redis) -> None:
    # Given an engine that stumbles over one transaction
    class Stumbling(Engine):
        def score(self, transactions: Sequence[Transaction], memory: Memory) -> list[Verdict]:
            if any(t.merchant == "poison" for t in transactions):
                raise ZeroDivisionError("poison")
            return super().score(transactions, memory)

    engine = Stumbling(ENGINE.catalogue, ENGINE.ruleset, ENGINE.rates, ENGINE.lists)
    immediate = _immediate(database, redis, engine)
    # When it is sent together with others
    merchants = ("a", "poison", "b")
    sent = (immediate.decide(factories.submission(account_id=m, merchant=m)) for m in merchants)
    results = await asyncio.gather(*sent, return_exceptions=True)
    # Then only its sender is told that it waits, and it is pending
    assert [isinstance(result, NotYetDecided) for result in results] == [False, True, False]
    assert await _count(database, "transactions") == 3
    assert await _count(database, "pending") == 1


async def test_without_redis_nothing_is_stored(database: Database) -> None:
    # Given a Redis that is away
    nowhere = connections.connect("redis://127.0.0.1:1/0", "test")
    # When a sender waits, then it hears so, and may send the same again
    with pytest.raises(Unavailable, match="redis"):
        await _immediate(database, nowhere).decide(factories.submission())
    assert await _count(database, "transactions") == 0
    await nowhere.aclose()
