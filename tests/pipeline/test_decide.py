"""Decided once, on the state the account then has; live equals offline, bit for bit."""

import asyncio
import random
from collections.abc import Iterator, Sequence

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from riskengine.domain import clock, ids
from riskengine.domain.account import Account
from riskengine.domain.decision import Decision, Verdict
from riskengine.domain.transaction import CHANNELS, Transaction
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.engines import Fixed
from riskengine.pipeline.recall import Recall
from riskengine.scoring import shared
from riskengine.scoring.engine import Engine
from riskengine.scoring.memory import Memory
from riskengine.state.histories import Histories
from riskengine.storage import accounts, decisions, submissions
from riskengine.storage.database import Database
from tests import factories

START = 1_700_000_000_000
ENGINE = Engine.starter()


@pytest.fixture
def histories(redis: Redis) -> Histories:
    return Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS)


@pytest.fixture
def decider(database: Database, histories: Histories) -> Decider:
    return _decider(database, histories)


def _decider(database: Database, histories: Histories, engine: Engine = ENGINE) -> Decider:
    return Decider(database, Recall(database, histories, Fixed(engine)), Fixed(engine))


def _traffic(count: int, accounts: int, seed: int = 7) -> list[Transaction]:
    """Transactions of a few accounts that share devices and beneficiaries; some late, some at the same time."""
    draw = random.Random(seed)
    made = []
    for n in range(count):
        occurred_at = START + n * 40 * clock.SECOND - draw.choice((0, 0, 0, 0, draw.randrange(clock.DAY)))
        made.append(
            factories.transaction(
                f"account-{draw.randrange(accounts)}",
                f"{draw.lognormvariate(4, 1.5):.2f}",
                currency=draw.choice(("EUR", "USD", "JPY")),
                occurred_at=occurred_at // 60_000 * 60_000,
                merchant=f"m{draw.randrange(9)}",
                location=draw.choice(("Brussels", "Antwerp", None)),
                latitude=50 + draw.random(),
                longitude=4 + draw.random(),
                country=draw.choice(("BE", "NL", "KP")),
                channel=draw.choice(CHANNELS),
                device_id=f"d{draw.randrange(accounts)}",
                ip=f"10.0.0.{draw.randrange(20)}",
                beneficiary=draw.choice((None, f"b{draw.randrange(5)}")),
            )
        )
    return made


async def _store(database: Database, transactions: Sequence[Transaction]) -> None:
    async with database.connection() as connection:
        await submissions.store(connection, [factories.submission(of=t) for t in transactions])


async def _all(database: Database, transactions: Sequence[Transaction]) -> list[Decision]:
    found = [await decisions.get(database, t.transaction_id) for t in transactions]
    assert all(found)
    return [decision for decision in found if decision is not None]


def _differences(live: Sequence[Decision], offline: Sequence[Verdict]) -> list[str]:
    """What is not the same bit for bit: the text of a float tells all its bits, and NaN is NaN."""
    return [
        f"{n}: {name} was {one!r} live and is {other!r} offline"
        for n, (decision, verdict) in enumerate(zip(live, offline, strict=True))
        for name, one, other in _named(decision.verdict, verdict)
        if repr(one) != repr(other)
    ]


def _named(live: Verdict, offline: Verdict) -> Iterator[tuple[str, object, object]]:
    yield from zip(ENGINE.catalogue.names, live.features, offline.features, strict=True)
    for field in ("transaction_id", "account_id", "score", "level", "outcome", "parts", "rules", "versions"):
        yield field, getattr(live, field), getattr(offline, field)


@pytest.mark.parametrize("accounts", [12, 60])  # few that meet often; enough that each has peers
async def test_live_decisions_are_bit_identical_to_offline_scores(
    database: Database, decider: Decider, accounts: int
) -> None:
    # Given traffic, scored offline in one go
    traffic = _traffic(600, accounts)
    offline = ENGINE.score(traffic, Memory())
    # When the pipeline decides it in batches of several sizes
    await _store(database, traffic)
    draw, start = random.Random(3), 0
    while start < len(traffic):
        size = draw.choice((1, 7, 60))
        done = await decider.decide(traffic[start : start + size])
        assert len(done.decisions) == len(traffic[start : start + size])
        start += size
    # Then what is stored is the same to the last bit, and in the same order
    stored = await _all(database, traffic)
    assert _differences(stored, offline) == []
    places: dict[str, list[int]] = {}
    for decision in stored:
        places.setdefault(decision.verdict.account_id, []).append(decision.account_sequence)
    assert all(sequence == list(range(1, len(sequence) + 1)) for sequence in places.values())


async def test_redelivered_transactions_are_settled_and_count_once(database: Database, decider: Decider) -> None:
    # Given decided traffic
    traffic = _traffic(200, accounts=4)
    offline = ENGINE.score(traffic, Memory())
    await _store(database, traffic)
    await decider.decide(traffic[:120])
    # When some of it comes again, also twice in one batch, together with what is new
    again = await decider.decide([*traffic[60:120], *traffic[60:150], *traffic[140:]])
    # Then the old is settled, the new decided, and no window counted anything twice
    assert again.settled == {t.transaction_id for t in traffic[60:120]}
    assert set(again.decisions) == {t.transaction_id for t in traffic[120:]}
    stored = await _all(database, traffic)
    assert _differences(stored, offline) == []


async def test_concurrent_workers_decide_each_once_in_one_order(database: Database, histories: Histories) -> None:
    # Given traffic on three accounts, so that workers meet all the time, delivered to several of them
    traffic = _traffic(240, accounts=3)
    await _store(database, traffic)
    workers = [_decider(database, histories) for _ in range(4)]

    async def work(worker: Decider, offset: int) -> int:
        decided = 0
        for start in range(0, len(traffic), 20):
            batch = traffic[(start + offset) % len(traffic) :][:20]
            decided += len((await worker.decide(batch)).decisions)
        return decided

    # When all work at once, each on everything
    counts = await asyncio.gather(*(work(worker, n * 60) for n, worker in enumerate(workers)))
    # Then each transaction is decided once
    assert sum(counts) == len(traffic)
    # And replaying each account in its order gives the same account features to the last bit
    own = [n for n, feature in enumerate(ENGINE.catalogue.features) if feature.entity == "account"]
    stored = sorted(await _all(database, traffic), key=lambda d: (d.verdict.account_id, d.account_sequence))
    by_id = {t.transaction_id: t for t in traffic}
    replayed = ENGINE.score([by_id[d.verdict.transaction_id] for d in stored], Memory())
    for live, again in zip(stored, replayed, strict=True):
        assert [repr(live.verdict.features[n]) for n in own] == [repr(again.features[n]) for n in own]


async def test_a_history_that_is_lost_or_stale_is_rebuilt_exactly(
    database: Database, decider: Decider, redis: Redis
) -> None:
    # Given decided traffic, and copies of what Valkey then held
    traffic = _traffic(400, accounts=5)
    offline = ENGINE.score(traffic, Memory())
    await _store(database, traffic)
    await decider.decide(traffic[:100])
    old = {key: await redis.get(key) for key in await redis.keys("history:*")}
    await decider.decide(traffic[100:200])
    # When some histories are stale, as after a failover, and decisions go on
    for key, value in old.items():
        await redis.set(key, value)
    await decider.decide(traffic[200:300])
    # And then some are lost, or turned into rubbish
    for n, key in enumerate(sorted(old)):
        await (redis.delete(key) if n % 2 else redis.set(key, b"rubbish"))
    await decider.decide(traffic[300:])
    # Then all is as if nothing had happened
    stored = await _all(database, traffic)
    assert _differences(stored, offline) == []


async def test_histories_that_cannot_be_kept_are_counted_and_rebuilt(
    database: Database, decider: Decider, redis: Redis
) -> None:
    # Given a Valkey that has no room
    traffic = _traffic(4, accounts=1)
    offline = ENGINE.score(traffic, Memory())
    await _store(database, traffic)
    unkept = REGISTRY.get_sample_value("riskengine_histories_unkept_total") or 0.0
    (room,) = (await redis.config_get("maxmemory")).values()
    await redis.config_set("maxmemory", "1")
    # When something is decided
    try:
        await decider.decide(traffic[:2])
    finally:
        await redis.config_set("maxmemory", room)
    # Then it is, the metric tells of one account, and what follows is as if nothing had happened
    assert REGISTRY.get_sample_value("riskengine_histories_unkept_total") == unkept + 1
    await decider.decide(traffic[2:])
    assert _differences(await _all(database, traffic), offline) == []


async def test_histories_ahead_of_a_restored_database_are_never_believed(database: Database, decider: Decider) -> None:
    # Given decided traffic of one account, of which a restore from a backup then loses the last 40
    traffic = _traffic(150, accounts=1)
    await _store(database, traffic)
    await decider.decide(traffic[:100])
    lost = [t.transaction_id for t in traffic[60:100]]
    async with database.connection() as connection:
        await connection.execute("DELETE FROM decisions WHERE transaction_id = ANY ($1)", lost)
        await connection.execute("DELETE FROM transactions WHERE transaction_id = ANY ($1)", lost)
        await connection.execute("UPDATE accounts SET history_seq = 60")
    # When decisions go on, past the place where Valkey's history stood
    kept = traffic[:60] + traffic[100:]
    for transaction in traffic[100:]:
        await decider.decide([transaction])
    # Then none of them has counted what is lost
    stored = await _all(database, kept)
    own = {f.name for f in ENGINE.catalogue.features if f.entity == "account"}
    found = _differences(stored, ENGINE.score(kept, Memory()))
    assert [difference for difference in found if difference.split()[1] in own] == []


async def test_attributes_of_an_account_count_from_its_next_decision(
    database: Database, decider: Decider, histories: Histories
) -> None:
    # Given an account at home in Belgium, with a history
    first, second, third = (factories.transaction(country="NL", occurred_at=START + n) for n in range(3))
    await _store(database, [first, second, third])
    await accounts.put(database, Account("alice", home_country="NL"))
    await decider.decide([first])
    # When it moves, and the news reaches PostgreSQL only
    await accounts.put(database, Account("alice", home_country="BE"))
    await decider.decide([second])
    # Then the next decision sees the border that the transaction crossed
    one, two = await _all(database, [first, second])
    assert "RULE_CROSS_BORDER" not in one.verdict.rules
    assert "RULE_CROSS_BORDER" in two.verdict.rules
    assert two.account_sequence == 4


async def test_what_cannot_be_scored_stays_pending_and_its_neighbours_are_decided(
    database: Database, histories: Histories
) -> None:
    # Given an engine that stumbles over one transaction
    class Stumbling(Engine):
        def score(self, transactions: Sequence[Transaction], memory: Memory) -> list[Verdict]:
            if any(t.merchant == "poison" for t in transactions):
                raise ZeroDivisionError("poison")
            return super().score(transactions, memory)

    engine = Stumbling(ENGINE.catalogue, ENGINE.ruleset, ENGINE.rates, ENGINE.lists)
    batch = [factories.transaction(merchant="poison" if n == 2 else "m", occurred_at=START + n) for n in range(5)]
    await _store(database, batch)
    # When a batch with it is decided
    done = await _decider(database, histories, engine).decide(batch)
    # Then only that one is not, and it is still pending
    assert set(done.undecidable) == {batch[2].transaction_id}
    assert len(done.decisions) == 4
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT transaction_id FROM pending") == batch[2].transaction_id


async def test_what_was_never_accepted_is_never_decided(database: Database, decider: Decider) -> None:
    # Given a transaction that PostgreSQL does not know
    ghost = factories.transaction()
    # When it is decided
    done = await decider.decide([ghost])
    # Then there is no decision: nobody accepted it
    assert done.settled == {ghost.transaction_id}
    assert await decisions.get(database, ids.new()) is None
