"""What was decided is executed again and is bit-identical; whatever is not, is found."""

import asyncio
import random
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from riskengine.domain import clock
from riskengine.domain.account import Account
from riskengine.domain.decision import Versions
from riskengine.domain.errors import NotFound
from riskengine.domain.release import Kind
from riskengine.domain.transaction import CHANNELS, Transaction
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.engines import Engines, Fixed
from riskengine.pipeline.proof.report import Report
from riskengine.pipeline.recall import Recall
from riskengine.pipeline.running import Running
from riskengine.pipeline.verify import verify
from riskengine.scoring import shared
from riskengine.scoring.engine import Engine
from riskengine.scoring.features import catalogue as catalogues
from riskengine.scoring.features import compiler
from riskengine.scoring.lists import Lists
from riskengine.scoring.money import Rates
from riskengine.state.histories import Histories
from riskengine.storage import accounts, partitions, submissions
from riskengine.storage.database import Database
from riskengine.storage.replays import Span
from tests import factories
from tests.pipeline import published

START = 1_700_000_000_000
ENGINE = Engine.starter()
EVERYTHING = Span()


class Published:
    """Engines by version, of which the last one decides."""

    def __init__(self, *engines: Engine) -> None:
        self.known = list(engines)

    @property
    def engine(self) -> Engine:
        return self.known[-1]

    async def rates(self, version: int) -> Rates:
        return self._only([engine.rates for engine in self.known if engine.rates.version == version])

    async def of(self, versions: Versions) -> Engine:
        return self._only([engine for engine in self.known if engine.versions == versions])

    def _only(self, found: list[Any]) -> Any:
        if not found:
            raise NotFound("there is no such version")
        return found[0]


@pytest.fixture
def histories(redis: Redis) -> Histories:
    return Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS)


def decider(database: Database, histories: Histories, engines: Engines | None = None) -> Decider:
    engines = engines or Fixed(ENGINE)
    return Decider(database, Recall(database, histories, engines), engines)


def traffic(count: int, accounts: int = 6, seed: int = 11) -> list[Transaction]:
    """Transactions of accounts that share things, in several currencies; some late, some at the same time."""
    draw, first = random.Random(seed), clock.now_ms() - count
    return [
        factories.transaction(
            f"account-{draw.randrange(accounts)}",
            f"{draw.lognormvariate(4, 1.5):.2f}",
            first + n,
            currency=draw.choice(("EUR", "USD", "JPY")),
            occurred_at=START + n * 40_000 - draw.choice((0, 0, 0, draw.randrange(clock.DAY))) // 60_000 * 60_000,
            merchant=f"m{draw.randrange(9)}",
            location=draw.choice(("Brussels", "Antwerp", None)),
            latitude=50 + draw.random(),
            longitude=4 + draw.random(),
            country=draw.choice(("BE", "NL", "KP", None)),
            channel=draw.choice(CHANNELS),
            device_id=f"d{draw.randrange(accounts)}",
            ip=f"10.0.0.{draw.randrange(20)}",
            beneficiary=draw.choice((None, f"b{draw.randrange(5)}")),
        )
        for n in range(count)
    ]


async def store(database: Database, transactions: Sequence[Transaction]) -> None:
    async with database.connection() as connection:
        await submissions.store(connection, [factories.submission(of=t) for t in transactions])


async def decide(decider: Decider, database: Database, transactions: Sequence[Transaction]) -> None:
    await store(database, transactions)
    for start in range(0, len(transactions), 50):
        assert len((await decider.decide(transactions[start : start + 50])).decisions) > 0


async def lose(redis: Redis) -> None:
    """Forgets all histories."""
    for key in await redis.keys("history:*"):
        await redis.delete(key)


async def execute(database: Database, statement: str, *arguments: object) -> None:
    async with database.connection() as connection:
        assert await connection.execute(statement, *arguments) not in ("UPDATE 0", "DELETE 0")


def fields(report: Report) -> set[str]:
    return {difference.field for difference in report.differences}


async def test_after_four_workers_met_on_the_same_accounts_and_lost_histories_all_is_bit_identical(
    database: Database, histories: Histories, redis: Redis
) -> None:
    # Given traffic of few accounts, decided by four at once, while histories are lost
    sent = traffic(600, accounts=3)
    await store(database, sent)
    workers = [decider(database, histories) for _ in range(4)]

    async def work(number: int) -> None:
        for start in range(0, len(sent), 20):
            await workers[number].decide(sent[(start + number * 150) % len(sent) :][:20])
            if start % 200 == 100:
                await lose(redis)

    await asyncio.gather(*map(work, range(4)))
    # When all is executed again
    told: list[tuple[int, int]] = []
    report = await verify(database, Fixed(ENGINE), EVERYTHING, watch=lambda done, total: told.append((done, total)))
    # Then it is the same, and it was said how far it had got
    assert report.differences == ()
    assert report.sentence == "600 of 600 decisions executed again are bit-identical"
    assert report.sound
    assert report.versions == {ENGINE.versions: 600}
    assert told[-1] == (1200, 1200)
    # And what accounts share is reported beside it
    assert {feature.name for feature in report.shared} == {
        feature.name for feature in ENGINE.catalogue.features if feature.entity != "account"
    }
    assert all(feature.compared == 600 for feature in report.shared)


async def test_what_one_worker_decided_is_identical_in_shared_features_too(
    database: Database, histories: Histories
) -> None:
    await decide(decider(database, histories), database, traffic(300, accounts=60))

    report = await verify(database, Fixed(ENGINE), EVERYTHING)

    assert [(feature.compared - feature.identical, feature.largest) for feature in report.shared] == [
        (0, 0.0) for _ in report.shared
    ]


def other_rules(engine: Engine) -> Engine:
    """One more version, with fewer rules."""
    ruleset = msgspec.structs.replace(engine.ruleset, version=2, rules=engine.ruleset.rules[::2])
    return Engine(engine.catalogue, ruleset, engine.rates, engine.lists)


def other_rates(engine: Engine) -> Engine:
    """One more version, in which all other currencies are worth half as much."""
    table = {name: rate if name == engine.rates.base else rate * 2 for name, rate in engine.rates.rates.items()}
    rates = msgspec.structs.replace(engine.rates, version=2, rates=table)
    return Engine(engine.catalogue, engine.ruleset, rates, engine.lists)


def other_lists(engine: Engine) -> Engine:
    """One more version, with a country less."""
    lists = Lists.starter().with_changes(1, removed={"high_risk_countries": ["KP"]})
    return Engine(engine.catalogue, engine.ruleset, engine.rates, lists)


@pytest.mark.parametrize("change", [other_rules, other_rates, other_lists])
async def test_after_a_change_in_mid_stream_each_decision_is_executed_with_its_own_versions(
    database: Database, histories: Histories, redis: Redis, change: Callable[[Engine], Engine]
) -> None:
    # Given decisions of one version, then of another, and histories lost after that
    engines = Published(ENGINE)
    worker, sent = decider(database, histories, engines), traffic(300)
    await decide(worker, database, sent[:150])
    engines.known.append(change(ENGINE))
    await decide(worker, database, sent[150:200])
    await lose(redis)
    await decide(worker, database, sent[200:])
    # When all is executed again, then it is the same, of both
    report = await verify(database, engines, EVERYTHING)
    assert report.differences == ()
    assert report.identical == 300
    assert report.versions == {ENGINE.versions: 150, engines.engine.versions: 150}
    # And it would not be, if the first were executed as the second
    engines.known[0] = _as_if(ENGINE.versions, engines.engine)
    assert not (await verify(database, engines, EVERYTHING)).sound


def _as_if(versions: Versions, engine: Engine) -> Engine:
    """The engine under the versions of another."""
    copy = Engine(engine.catalogue, engine.ruleset, engine.rates, engine.lists)
    copy.versions = versions
    return copy


def week() -> bytes:
    """The starter catalogue with windows of a week at most, in another order."""
    short = [
        f if not f.window or f.window_ms <= 7 * clock.DAY else msgspec.structs.replace(f, window="7d")
        for f in ENGINE.catalogue.features
    ]
    features = (*short[1:], short[0])
    return catalogues.dump(msgspec.structs.replace(ENGINE.catalogue, features=features)).encode()


async def test_publications_in_mid_stream_are_executed_again_as_they_were(
    database: Database, histories: Histories, redis: Redis
) -> None:
    # Given decisions while rule sets, rates and catalogues (of shorter windows, and back) are published
    running = await Running.start(database, published.builder(database))
    worker, sent = decider(database, histories, running), traffic(300, accounts=4)
    contents = [
        (Kind.RULESET, published.marked(7, "count_1h >= 2")),
        (Kind.RATES, published.rates(rates=other_rates(ENGINE).rates.rates)),
        (Kind.CATALOGUE, week()),
        (Kind.CATALOGUE, published.shipped("catalogue")),
    ]
    await decide(worker, database, sent[:60])
    for number, (kind, content) in enumerate(contents, start=1):
        await published.publish(database, kind, content)
        await running.refresh()
        await decide(worker, database, sent[number * 60 : number * 60 + 30])
        await lose(redis)
        await decide(worker, database, sent[number * 60 + 30 : number * 60 + 60])
    # When a process that starts now executes them again
    report = await verify(database, await Running.start(database, published.builder(database)), EVERYTHING)
    # Then all is the same, of five versions
    assert report.differences == ()
    assert report.identical == 300
    assert len(report.versions) == 5


async def test_after_attributes_changed_each_decision_sees_what_the_account_was(
    database: Database, histories: Histories
) -> None:
    # Given accounts that are described, before and in the middle
    worker, sent = decider(database, histories), traffic(200, accounts=3)
    await accounts.put(database, Account("account-0", type="business", home_country="BE", time_zone="Asia/Tokyo"))
    await decide(worker, database, sent[:100])
    await accounts.put(database, Account("account-0", home_country="NL"))
    await accounts.put(database, Account("account-1", home_country="KP", time_zone="America/Lima", opened_at=START))
    await decide(worker, database, sent[100:])
    # When all is executed again, then it is the same
    assert (await verify(database, Fixed(ENGINE), EVERYTHING)).identical == 200
    # And it is not, if the attributes of now are taken for those of then
    await execute(
        database,
        "UPDATE account_changes SET home_country = 'NL', time_zone = NULL WHERE account_id = 'account-0' "
        "AND history_seq = 1",
    )
    assert {"cross_border", "hour"} <= fields(await verify(database, Fixed(ENGINE), EVERYTHING))


async def test_amounts_by_the_rates_of_now_would_be_found(database: Database, histories: Histories) -> None:
    # Given decisions before and after new rates
    engines = Published(ENGINE)
    worker, sent = decider(database, histories, engines), traffic(100, accounts=2)
    await decide(worker, database, sent[:50])
    engines.known.append(other_rates(ENGINE))
    await decide(worker, database, sent[50:])
    # When they are executed again by the rates of now
    report = await verify(database, Fixed(engines.engine), EVERYTHING)
    # Then amounts differ before the change and, in windows, after it
    assert "amount_base" in fields(report)
    assert report.differing > 50


ULP = "features[{0}] = CASE WHEN features[{0}] = 0 THEN 1e-45::real ELSE features[{0}] * (1 + 2 ^ -23)::real END"
"""A float32 that is larger by its last bit, as SQL."""


def _place(name: str) -> int:
    return ENGINE.catalogue.names.index(name) + 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (ULP.format(_place("log_amount")), "log_amount"),
        (ULP.format(_place("sum_24h")), "sum_24h"),
        (f"features[{_place('count_1h')}] = 'NaN'", "count_1h"),
        ("features = features[2:]", "number of features"),
        ("rules = rules || 'RULE_CROSS_BORDER'::text", "rules"),
        ("shadow_rules = shadow_rules || 'RULE_CROSS_BORDER'::text", "shadow"),
        ("degraded = '{model}'", "degraded"),
        ("score = CASE score WHEN 0 THEN 5e-324 ELSE score * (1 + 2 ^ -52) END", "score"),
        ("level = CASE level WHEN 'low' THEN 'medium' ELSE 'low' END", "level"),
        ("outcome = CASE outcome WHEN 'review' THEN 'decline' ELSE 'review' END", "outcome"),
        ("rules_score = rules_score + 1", "parts.rules"),
        ("behaviour_score = behaviour_score * (1 + 2 ^ -52)", "parts.behaviour"),
        ("model_score = 1.0", "parts.model"),
        ("behaviour_weight = behaviour_weight * (1 + 2 ^ -52)", "parts.behaviour_weight"),
    ],
)
async def test_whatever_is_changed_in_one_decision_is_found(
    database: Database, histories: Histories, change: str, field: str
) -> None:
    # Given decisions, one of which is changed in the database, perhaps in one bit
    sent = traffic(60, accounts=2)
    await decide(decider(database, histories), database, sent)
    victim = sent[40].transaction_id
    await execute(database, f"UPDATE decisions SET {change} WHERE transaction_id = $1", victim)
    # When all is executed again, then it is that one and that field that differ
    report = await verify(database, Fixed(ENGINE), EVERYTHING)
    assert not report.sound
    assert (victim, field) in {(d.transaction_id, d.field) for d in report.differences}
    assert report.sentence.startswith(f"{60 - report.differing} of 60 decisions")


async def test_a_window_that_is_a_second_longer_is_found(database: Database, histories: Histories) -> None:
    # Given decisions of transactions that are whole multiples of 40 s apart
    await decide(decider(database, histories), database, traffic(100, accounts=2))
    # When they are executed again with a window of 10 min and a second
    longer = [
        msgspec.structs.replace(f, window="601s") if f.name == "count_10m" else f for f in ENGINE.catalogue.features
    ]
    catalogue = msgspec.structs.replace(ENGINE.catalogue, features=tuple(longer))
    other = Engine(catalogue, ENGINE.ruleset, ENGINE.rates, ENGINE.lists)
    report = await verify(database, Fixed(other), EVERYTHING)
    # Then that feature differs, and nothing else
    assert fields(report) == {"count_10m"}


async def test_a_window_whose_edge_is_off_by_a_millisecond_is_found(
    database: Database, histories: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given decisions of transactions that are whole multiples of 40 s apart
    await decide(decider(database, histories), database, traffic(100, accounts=2))
    # When they are executed again by an engine whose windows of 10 min begin a millisecond early
    text = compiler.source(ENGINE.catalogue)
    assert "now - 600000," in text
    monkeypatch.setattr(compiler, "source", lambda _: text.replace("now - 600000,", "now - 600001,"))
    other = Engine(ENGINE.catalogue, ENGINE.ruleset, ENGINE.rates, ENGINE.lists)
    report = await verify(database, Fixed(other), EVERYTHING)
    # Then the features over them differ, and nothing else
    of_them = {feature.name for feature in ENGINE.catalogue.features if feature.window == "10m"}
    assert fields(report)
    assert fields(report) <= of_them


async def test_what_is_missing_is_named(database: Database, histories: Histories) -> None:
    # Given decisions, of which one has lost its transaction
    sent = traffic(30, accounts=1)
    await decide(decider(database, histories), database, sent)
    await execute(database, "DELETE FROM transactions WHERE transaction_id = $1", sent[-1].transaction_id)
    report = await verify(database, Fixed(ENGINE), EVERYTHING)
    assert [(d.transaction_id, d.field) for d in report.differences] == [(sent[-1].transaction_id, "transaction")]
    # And when the versions are gone, then every decision says so
    gone = Published(other_rules(ENGINE))
    report = await verify(database, gone, EVERYTHING)
    assert (report.differing, fields(report)) == (30, {"versions"})
    assert report.differences[0].replayed == "there is no such version"


async def test_what_needs_more_than_a_history_holds_is_counted_apart(database: Database, histories: Histories) -> None:
    # Given an account with more events than a history holds, and one with an event that comes more than a day late
    busy = [
        factories.transaction("busy", created_at=clock.now_ms() - 1000 + n, occurred_at=START + n * 1000)
        for n in range(900)
    ]
    late = [factories.transaction("late", occurred_at=START - n * 3 * clock.DAY) for n in range(2)]
    await decide(decider(database, histories), database, [*busy, *late])
    assert (await verify(database, Fixed(ENGINE), EVERYTHING)).identical == 902
    # When features of theirs differ
    changed = [busy[-1].transaction_id, late[1].transaction_id]
    statement = f"UPDATE decisions SET {ULP.format(_place('count_30d'))} WHERE transaction_id = ANY ($1)"
    await execute(database, statement, changed)
    report = await verify(database, Fixed(ENGINE), EVERYTHING)
    # Then they are not called the same, and not called wrong
    assert (report.identical, report.differing, report.beyond) == (900, 0, 2)
    assert report.sound
    # And those that a history does hold are
    await execute(database, statement, [busy[-200].transaction_id])
    assert (await verify(database, Fixed(ENGINE), EVERYTHING)).differing == 1


async def test_a_span_of_time_or_one_account_is_executed_on_all_that_led_there(
    database: Database, histories: Histories
) -> None:
    # Given decisions on several days
    now = clock.now_ms()
    sent = [
        factories.transaction(f"account-{n % 3}", f"{n + 1}.50", now - (120 - n) * clock.HOUR, merchant=f"m{n % 5}")
        for n in range(120)
    ]
    await partitions.ensure_for(database, (t.created_at for t in sent))
    await decide(decider(database, histories), database, sent)
    # When those of some are executed again, then it is those, on the right histories
    day = Span(since=sent[70].created_at, until=sent[94].created_at)
    report = await verify(database, Fixed(ENGINE), day)
    assert (report.total, report.identical) == (24, 24)
    one = await verify(database, Fixed(ENGINE), Span(account_id="account-1"))
    assert (one.total, one.identical, one.shared) == (40, 40, ())
    quick = await verify(database, Fixed(ENGINE), day, shared=False)
    assert (quick.identical, quick.shared) == (24, ())
    # And there may be none
    none = await verify(database, Fixed(ENGINE), Span(account_id="nobody"))
    assert none.sentence == "0 of 0 decisions executed again are bit-identical"


class SumModel(msgspec.Struct, frozen=True):
    """Scores what it was told, and is late where the first value is above a limit."""

    version: int
    score_of_all: float
    limit: float

    def score(self, vectors: Sequence[Sequence[float]]) -> Sequence[float | None]:
        return [None if vector[0] > self.limit else self.score_of_all for vector in vectors]

    def influences(self, vector: Sequence[float]) -> Sequence[tuple[str, float]]:
        return []


def modelled(score: float, limit: float = inf) -> Engine:
    return Engine(ENGINE.catalogue, ENGINE.ruleset, ENGINE.rates, ENGINE.lists, SumModel(1, score, limit))


async def test_the_model_is_asked_again_where_it_had_a_say(database: Database, histories: Histories) -> None:
    # Given decisions with a model that was late for some
    await decide(decider(database, histories, Fixed(modelled(70.0, limit=100))), database, traffic(150))
    async with database.connection() as connection:
        late = await connection.fetchval("SELECT count(*) FROM decisions WHERE degraded = '{model}'")
    assert 0 < late < 150
    # When they are executed again with one that is never late, then it is the same: where it had no say, it has none
    assert (await verify(database, Fixed(modelled(70.0)), EVERYTHING)).identical == 150
    # And it is not the same with a model that says otherwise
    report = await verify(database, Fixed(modelled(71.0)), EVERYTHING)
    assert report.differing == 150 - late
    assert "parts.model" in fields(report)


async def test_verifying_beside_live_traffic_needs_two_connections_and_leaves_nothing_behind(
    database: Database, database_url: str, histories: Histories
) -> None:
    await decide(decider(database, histories), database, traffic(100))
    small = await Database.connect(database_url, idle=1, most=2, name="test-small")
    try:
        for _ in range(3):
            assert (await verify(small, Fixed(ENGINE), EVERYTHING)).identical == 100
        async with small.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM pg_cursors") <= 1
    finally:
        await small.close()
