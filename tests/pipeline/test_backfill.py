"""Features over what accounts share: live equals offline; the past is filled in while deciding goes on, each once."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Sequence

import pytest
from redis.asyncio import Redis

from riskengine.domain import clock
from riskengine.domain.clock import DAY, SECOND
from riskengine.domain.errors import ConfigurationError, InvalidInput
from riskengine.domain.outcome import Outcome
from riskengine.domain.release import Kind, RunningVersions
from riskengine.domain.transaction import Transaction
from riskengine.pipeline.backfill import Backfill
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.engines import Fixed
from riskengine.pipeline.publishing import Publishing
from riskengine.pipeline.recall import Recall
from riskengine.pipeline.rounds import Progress
from riskengine.scoring import Engine, Memory, shared
from riskengine.scoring.features import catalogue as catalogues
from riskengine.state.histories import Histories
from riskengine.state.parts import DONE, FoundCells, Sought, SoughtCells, Stand
from riskengine.storage import decisions, processes, submissions
from riskengine.storage.database import Database
from riskengine.storage.processes import Identity, State
from tests import factories
from tests.pipeline import published
from tests.scoring import crowded
from tests.scoring.stories import ENGINE

START = 1_700_000_000_000
CROWDED = crowded.engine()
SERIES = CROWDED.commons.series


@pytest.fixture
def histories(redis: Redis) -> Histories:
    """In three partitions: whatever is filled, each of them is, and goes on where it stood."""
    return Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS, partitions=3)


def _backfill(database: Database, histories: Histories, engine: Engine = CROWDED, page: int = 37) -> Backfill:
    return Backfill(database, histories, Fixed(engine), settle_ms=0, page=page)


def _decider(database: Database, histories: Histories, engine: Engine = CROWDED) -> Decider:
    engines = Fixed(engine)
    return Decider(database, Recall(database, histories, engines, _backfill(database, histories, engine)), engines)


def _traffic(count: int, seed: int = 7, start: int = START) -> list[Transaction]:
    """Transactions of a few accounts that meet at a few merchants; some late, some without a rate."""
    draw = random.Random(seed)
    return [
        factories.transaction(
            f"account-{draw.randrange(9)}",
            draw.choice(("10.00", "39.99", "55.00", "300.00")),
            currency=draw.choice(("EUR", "EUR", "USD", "XXX")),
            occurred_at=start + n * 40 * SECOND - draw.choice((0, 0, 0, 0, draw.randrange(DAY))),
            merchant=draw.choice((None, "baker", "smith", "tailor")),
            device_id=f"d{draw.randrange(5)}",
            ip=f"10.0.0.{draw.randrange(4)}",
            beneficiary=draw.choice((None, "b1", "b2")),
            channel=draw.choice(("online", "pos")),
        )
        for n in range(count)
    ]


async def _decide(database: Database, decider: Decider, traffic: Sequence[Transaction]) -> None:
    async with database.connection() as connection:
        await submissions.store(connection, [factories.submission(of=t) for t in traffic])
    done = await decider.decide(traffic)
    assert len(done.decisions) == len(traffic)


async def _fill(backfill: Backfill, engine: Engine = CROWDED) -> list[Progress]:
    return [progress async for progress in backfill.run(engine.catalogue)]


async def _expected(database: Database, traffic: Sequence[Transaction]) -> dict[tuple[str, str], FoundCells]:
    """All cells, counted one by one from what is decided, by the name of their series and the value."""
    found: dict[tuple[str, str], FoundCells] = {}
    flags = {t.transaction_id: await decisions.get(database, t.transaction_id) for t in traffic}
    for one in (f for f in crowded.FEATURES if f.aggregate != "accounts"):
        name = CROWDED.commons.part(one.name)
        assert name is not None
        for value in {crowded.value_of(t, one.entity) for t in traffic} - {None}:
            events = [t for t in traffic if crowded.value_of(t, one.entity) == value and crowded.passes(one, t)]
            cells: dict[int, tuple[int, int, int, int]] = {}
            for t in events:
                decision = flags[t.transaction_id]
                assert decision is not None
                n, u, s, f = cells.get(t.occurred_at // SERIES[name].grain, (0, 0, 0, 0))
                amount = crowded.minor(t)
                flagged = decision.verdict.outcome is not Outcome.APPROVE
                more = (n + 1, u + (amount is None), s + (amount or 0), f + flagged)
                cells[t.occurred_at // SERIES[name].grain] = more
            if not cells:
                continue
            newest = max(cells)
            kept = {number: cell for number, cell in cells.items() if number >= newest - SERIES[name].keeps}
            found[name, str(value)] = FoundCells(newest, kept)
    return found


async def _found(histories: Histories, wanted: dict[tuple[str, str], FoundCells]) -> dict[tuple[str, str], FoundCells]:
    sought = [SoughtCells(name, value, 0, 2**40) for name, value in wanted]
    cells = (await histories.find(Sought([], [], [0], sought))).cells
    return {key: one for key, one in zip(wanted, cells, strict=True) if one is not None}


async def test_live_features_over_what_accounts_share_are_those_of_an_offline_run(
    database: Database, histories: Histories
) -> None:
    # Given traffic, scored offline in one go, and series that count from the start
    traffic = _traffic(400)
    offline = CROWDED.score(traffic, Memory())
    await _fill(_backfill(database, histories))
    # When the pipeline decides it in batches of several sizes
    decider, draw, start = _decider(database, histories), random.Random(3), 0
    while start < len(traffic):
        size = draw.choice((1, 7, 60))
        await _decide(database, decider, traffic[start : start + size])
        start += size
    # Then each stored feature is the same to the last bit, and all cells are what brute force counts
    for transaction, verdict in zip(traffic, offline, strict=True):
        decision = await decisions.get(database, transaction.transaction_id)
        assert decision is not None
        pairs = zip(CROWDED.catalogue.names, decision.verdict.features, verdict.features, strict=True)
        assert [name for name, one, other in pairs if repr(one) != repr(other)] == []
    expected = await _expected(database, traffic)
    assert len(expected) == 20
    assert await _found(histories, expected) == expected


async def test_the_past_is_filled_in_under_load_and_goes_on_after_an_interruption(
    database: Database, histories: Histories
) -> None:
    # Given a past under a catalogue without series
    traffic = _traffic(700)
    rest = iter([traffic[start : start + 20] for start in range(300, len(traffic), 20)])
    await _decide(database, _decider(database, histories, ENGINE), traffic[:300])
    # When the next catalogue runs, and its series are filled while deciding goes on, and interrupted
    decider = _decider(database, histories)
    await _decide(database, decider, next(rest))
    seen = []
    running = _backfill(database, histories).run(CROWDED.catalogue)
    async for progress in running:
        await _decide(database, decider, next(rest))
        seen.append(progress)
        if sum(one.what.startswith("minutes") for one in seen) == 3:
            break
    await running.aclose()  # type: ignore[attr-defined]
    await _decide(database, decider, next(rest))
    assert (await _backfill(database, histories).cold(CROWDED.catalogue)) >= {"merchant_count", "device_count"}
    reached = (await histories.stands(sorted(SERIES)))["merchant/2m/2h"]
    assert reached.position
    # And it goes on from there
    async for progress in _backfill(database, histories).run(CROWDED.catalogue):
        seen.append(progress)
        if batch := next(rest, None):
            await _decide(database, decider, batch)
    left = [transaction for batch in rest for transaction in batch]
    await _decide(database, decider, left) if left else None
    # Then each decided transaction is counted once
    expected = await _expected(database, traffic)
    assert await _found(histories, expected) == expected
    assert await _backfill(database, histories).cold(CROWDED.catalogue) == frozenset()
    assert (await histories.stands(["merchant/2m/2h"]))["merchant/2m/2h"] == Stand(reached.since, DONE)
    last = [one for one in seen if one.what.startswith("minutes")][-1]
    assert last.done == last.total


async def test_two_who_fill_at_once_count_each_once(database: Database, histories: Histories) -> None:
    # Given a past
    traffic = _traffic(300)
    await _decide(database, _decider(database, histories, ENGINE), traffic)
    # When three fill the same series at once
    await asyncio.gather(*(_fill(_backfill(database, histories, page=20)) for _ in range(3)))
    # Then each transaction counts once
    expected = await _expected(database, traffic)
    assert await _found(histories, expected) == expected


async def test_eight_workers_on_one_merchant_lose_nothing(database: Database, histories: Histories) -> None:
    # Given series that count, and traffic on one merchant, delivered to eight workers, some of it twice
    await _fill(_backfill(database, histories))
    traffic = [
        factories.transaction(f"a{n % 40}", "80.00", merchant="hot", occurred_at=START + n * SECOND) for n in range(400)
    ]
    async with database.connection() as connection:
        await submissions.store(connection, [factories.submission(of=t) for t in traffic])
    batches = [traffic[start : start + 50] for start in range(0, 400, 25)]
    # When all work at once
    await asyncio.gather(*(_decider(database, histories).decide(batch) for batch in batches))
    # Then each decision is counted once
    expected = await _expected(database, traffic)
    assert await _found(histories, expected) == expected


async def test_what_an_emptied_server_lost_is_cold_and_filled_again_by_itself(
    database: Database, histories: Histories, redis: Redis
) -> None:
    # Given decided traffic with series that count
    traffic = _traffic(200)
    backfill = _backfill(database, histories)
    await _fill(backfill)
    decider = _decider(database, histories)
    await _decide(database, decider, traffic[:150])
    # When the server is emptied, and the next is decided
    await redis.flushdb()
    await _decide(database, decider, traffic[150:170])
    # Then the features of that one are missing, and soon all is whole again, by itself
    decision = await decisions.get(database, traffic[150].transaction_id)
    assert decision is not None
    values = dict(zip(CROWDED.catalogue.names, decision.verdict.features, strict=True))
    assert math.isnan(values["device_count"])
    assert not math.isnan(values["accounts_device_24h_incl"])
    while await backfill.cold(CROWDED.catalogue):
        await asyncio.sleep(0.02)
    await _decide(database, decider, traffic[170:])
    expected = await _expected(database, traffic)
    assert await _found(histories, expected) == expected


async def test_a_cold_feature_is_missing_and_no_rule_may_use_it(database: Database, histories: Histories) -> None:
    # Given a published catalogue whose features were never filled
    await published.publish(database, Kind.CATALOGUE, catalogues.dump(CROWDED.catalogue).encode())
    traffic = _traffic(30)
    await _decide(database, _decider(database, histories, ENGINE), traffic[:20])
    await _decide(database, _decider(database, histories), traffic[20:])
    backfill = _backfill(database, histories)
    names = {feature.name for feature in crowded.FEATURES}
    assert await backfill.cold(CROWDED.catalogue) == names
    for transaction in traffic[20:]:
        decision = await decisions.get(database, transaction.transaction_id)
        assert decision is not None
        values = dict(zip(CROWDED.catalogue.names, decision.verdict.features, strict=True))
        assert all(math.isnan(values[name]) for name in names)
    # When a rule is to use one
    by_one = Publishing(database, published.builder(database), approval=False, cold_features=backfill.cold)
    draft = await by_one.draft(Kind.RULESET, published.marked(1, "merchant_accounts > 3 or merchant_count > 9"), "ann")
    with pytest.raises(InvalidInput, match="merchant_accounts, which was not filled"):
        await by_one.check(draft.draft_id)
    # Then it is refused until they are filled
    await _fill(backfill)
    assert await backfill.cold(CROWDED.catalogue) == frozenset()
    await by_one.check(draft.draft_id)


async def test_a_catalogue_that_does_not_keep_a_part_makes_it_cold(database: Database, histories: Histories) -> None:
    # Given filled features
    traffic = _traffic(90)
    backfill = _backfill(database, histories)
    await _fill(backfill)
    await _decide(database, _decider(database, histories), traffic[:30])
    # When another catalogue decides meanwhile, as after a rollback
    await _decide(database, _decider(database, histories, ENGINE), traffic[30:60])
    await _decide(database, _decider(database, histories), traffic[60:])
    # Then they are cold, and filled again they lack nothing
    assert await backfill.cold(CROWDED.catalogue) == {feature.name for feature in crowded.FEATURES}
    assert await backfill.cold(ENGINE.catalogue) == frozenset()
    await _fill(backfill)
    expected = await _expected(database, traffic)
    assert await _found(histories, expected) == expected


async def test_a_series_more_is_filled_and_the_others_count_nothing_twice(
    database: Database, histories: Histories
) -> None:
    # Given a catalogue with all features but two, filled, which has decided some traffic
    traffic = _traffic(160)
    fewer = crowded.engine([one for one in crowded.FEATURES if one.name not in {"device_count", "ip_sum"}])
    await _fill(_backfill(database, histories, fewer), fewer)
    await _decide(database, _decider(database, histories, fewer), traffic[:80])
    # When one with all of them decides, and those two are filled
    await _decide(database, _decider(database, histories), traffic[80:120])
    backfill = _backfill(database, histories)
    assert await backfill.cold(CROWDED.catalogue) == {"device_count", "ip_sum"}
    await _fill(backfill)
    await _decide(database, _decider(database, histories), traffic[120:])
    # Then each series has counted each decision once
    expected = await _expected(database, traffic)
    assert await _found(histories, expected) == expected


async def test_nothing_is_filled_before_every_process_counts(database: Database, histories: Histories) -> None:
    # Given a catalogue that is published, and a process that still runs the one before
    await published.publish(database, Kind.CATALOGUE, catalogues.dump(CROWDED.catalogue).encode())
    who = Identity("worker-1", "worker", clock.now_ms())
    await processes.renew(database, who, State(RunningVersions(3, 1, 1, 1, None, 0)))
    backfill = _backfill(database, histories)
    # When its features are to be filled
    running = aiter(backfill.run(CROWDED.catalogue))
    waiting = [await anext(running) for _ in range(2)]
    assert waiting == [Progress("processes", 0, 1)] * 2
    assert await histories.stands(sorted(SERIES)) == {}
    # Then that waits for the process
    await processes.renew(database, who, State(RunningVersions(4, 1, 2, 1, None, 0)))
    assert await anext(running) == Progress("processes", 1, 1)
    async for _ in running:
        pass
    assert await backfill.cold(CROWDED.catalogue) == frozenset()


async def test_only_what_runs_can_be_filled(database: Database, histories: Histories) -> None:
    with pytest.raises(ConfigurationError, match="publish it"):
        await _fill(_backfill(database, histories, ENGINE))


async def test_the_sets_of_a_new_entity_are_those_of_the_last_day(database: Database, histories: Histories) -> None:
    # Given payments at merchants, decided by a catalogue that keeps no set of them
    now = clock.now_ms()
    traffic = [factories.transaction(f"a{n}", merchant="baker", occurred_at=now - n) for n in range(5)]
    await _decide(database, _decider(database, histories, ENGINE), traffic)
    await _fill(_backfill(database, histories))
    # When the next account pays there
    last = factories.transaction("new", merchant="baker", occurred_at=now + 1)
    await _decide(database, _decider(database, histories), [last])
    # Then all are counted
    decision = await decisions.get(database, last.transaction_id)
    assert decision is not None
    assert dict(zip(CROWDED.catalogue.names, decision.verdict.features, strict=True))["merchant_accounts"] == 6.0


async def test_histories_that_reach_back_too_little_are_rebuilt_ahead(database: Database, histories: Histories) -> None:
    # Given accounts with histories of 31 days, and an engine whose features look back 90 days
    traffic = _traffic(100)
    await _decide(database, _decider(database, histories, ENGINE), traffic)
    accounts = sorted({t.account_id for t in traffic})
    longer = crowded.engine((crowded.feature("count_90d", "count", "account", "90d"),))
    # When they are rebuilt ahead, and somebody with the older catalogue decides meanwhile
    backfill = _backfill(database, histories, longer)
    progress = [one async for one in _stopping_after(backfill.run(longer.catalogue), "accounts")]
    assert progress[-1] == Progress("accounts", len(accounts), len(accounts))
    late = _traffic(20, seed=8, start=START + DAY)
    await _decide(database, _decider(database, histories, ENGINE), late)
    # Then they reach back 91 days, and stay so
    assert await histories.horizons(accounts) == dict.fromkeys(accounts, 91)
    # And an interruption costs nothing: the next run goes on after the last account
    assert (await _fill(backfill, longer))[-1].done == len(accounts)
    row = await database.fetch_one("backfill_get", "accounts 91")
    assert row is not None
    assert row["finished_at"] is not None


async def _stopping_after(progress: AsyncIterator[Progress], what: str) -> AsyncIterator[Progress]:
    async for one in progress:
        yield one
        if one.what == what:
            return
