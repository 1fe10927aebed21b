"""Reads on a real replica: fresh enough, too old, away, back, promoted; and what is no replica at all."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import resources

import msgspec
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from riskengine.domain.errors import ConfigurationError
from riskengine.pipeline import starters
from riskengine.stack import programs
from riskengine.stack.errors import StackError
from riskengine.stack.postgres import Postgres
from riskengine.stack.postgres_replica import PostgresReplica
from riskengine.storage import api_keys, dead_letters, queries
from riskengine.storage.database import Database
from riskengine.storage.dead_letters import Selection
from riskengine.storage.reads import Reads, Replicas
from tests import lettered

PATIENCE_S = 30
FRESHNESS_S = 1.0
HASTY = {"fsync": "off", "full_page_writes": "off"}
WRITES = re.compile(
    r"\b(INSERT|UPDATE|DELETE|FOR UPDATE|FOR SHARE|SKIP LOCKED|pg_\w*advisory\w*|nextval|pg_notify|processes)\b"
)


class Ground(msgspec.Struct, frozen=True):
    """A primary and its replica."""

    primary: Postgres
    replica: PostgresReplica


@pytest.fixture(scope="module")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    try:
        programs.postgres()
    except StackError as error:
        pytest.skip(str(error))
    directory = tmp_path_factory.mktemp("replicated")
    primary = Postgres(directory / "primary", settings=HASTY)
    primary.start()
    await starters.prepare(primary.url())
    replica = PostgresReplica(primary, directory / "replica")
    replica.start()
    yield Ground(primary, replica)
    replica.stop()
    primary.stop()


@pytest.fixture
async def primary(ground: Ground) -> AsyncIterator[Database]:
    database = await Database.connect(ground.primary.url(), idle=1, most=3, name="test")
    yield database
    await database.close()


@pytest.fixture
async def reads(ground: Ground, primary: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Reads]:
    """Reads that measure all the time, of statements that bear a second."""
    monkeypatch.setattr("riskengine.storage.reads.MEASURE_EVERY", 0.05)
    declared = queries.freshness
    monkeypatch.setattr(queries, "freshness", lambda query: declared(query) and FRESHNESS_S)
    reads = await Reads.connect(primary, Replicas((ground.replica.url(),), most=2, name="test-reads"))
    measuring = asyncio.create_task(reads.watch())
    yield reads
    measuring.cancel()
    await reads.close()


@pytest.fixture
def logged() -> Iterator[list[dict[str, object]]]:
    with capture_logs() as lines:
        yield lines  # type: ignore[misc]


def answered(target: str, why: str) -> float:
    return REGISTRY.get_sample_value("riskengine_reads_total", {"target": target, "why": why}) or 0.0


def lag(ground: Ground) -> float:
    value = REGISTRY.get_sample_value("riskengine_replica_lag_seconds", {"replica": f"127.0.0.1:{ground.replica.port}"})
    assert value is not None
    return value


async def letters(reads: Reads) -> int:
    """How many letters are counted by a statement that bears some seconds."""
    return sum(cause.letters for cause in await dead_letters.causes(reads, Selection()))


async def until_answered(reads: Reads, target: str, why: str, wanted: Callable[[int], bool] = lambda _: True) -> None:
    """Reads until that one answers for that reason, and the answer is as wanted; no reader ever sees an error."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            before = answered(target, why)
            found = await letters(reads)
            if answered(target, why) > before and wanted(found):
                return
            await asyncio.sleep(0.02)


async def told(server: Postgres, question: str) -> None:
    """Returns when the server has rows for the question."""
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(server.ask, question):
            await asyncio.sleep(0.02)


async def measured(ground: Ground, times: int) -> None:
    """Returns when the replica has been found to be up to date again, so many times."""
    before = lag(ground)
    async with asyncio.timeout(PATIENCE_S):
        while times:
            now = lag(ground)
            times -= now < before
            before = now
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("which", "told"),
    [
        ("the primary", "takes writes and is no replica"),
        ("another's replica", "is no copy of what DATABASE_URL leads to"),
        ("another database", "name the one of DATABASE_URL, riskengine"),
        ("a wrong password", "PostgreSQL refuses DATABASE_REPLICA_URLS: password authentication failed"),
    ],
)
async def test_what_is_no_replica_is_refused(
    ground: Ground, primary: Database, database: Database, which: str, told: str
) -> None:
    good = ground.replica.url()
    asked, url = {
        "the primary": (primary, ground.primary.url()),
        "another's replica": (database, good),
        "another database": (primary, ground.replica.url("postgres")),
        "a wrong password": (primary, re.sub(":[^:/]+@", ":wrong@", good)),
    }[which]
    with pytest.raises(ConfigurationError, match=told):
        await Reads.connect(asked, Replicas((good, url) if asked is primary else (url,), most=1, name="test"))


async def test_a_replica_may_be_away_at_the_start(primary: Database, logged: list[dict[str, object]]) -> None:
    reads = await Reads.connect(primary, Replicas(("postgresql://a:secret@127.0.0.1:1/b",), most=1, name="test"))
    before = answered("primary", "away")
    assert await letters(reads) == 0
    assert answered("primary", "away") == before + 1
    assert [(line["event"], line["replica"]) for line in logged] == [("replica_away", "127.0.0.1:1")]
    await reads.close()


def test_what_may_be_read_from_a_replica_only_reads() -> None:
    # Given all statements that declare how fresh they must be
    names = [
        path.name.removesuffix(".sql") for path in resources.files(queries).iterdir() if path.name.endswith(".sql")
    ]
    declared = {name: queries.freshness(name) for name in names if "Freshness:" in queries.text(name)}
    # Then each says it in a way that is understood, and needs nothing that a replica does not have
    assert declared["letters_causes"] == 5
    assert None not in declared.values()
    statements = {name: re.sub("--.*", "", queries.text(name)) for name in declared}
    assert {name: WRITES.findall(statement) for name, statement in statements.items()} == {
        name: [] for name in declared
    }


async def test_reads_go_where_the_freshness_they_declare_is(
    ground: Ground, primary: Database, reads: Reads, logged: list[dict[str, object]]
) -> None:
    # Given a replica that is up to date, then it answers what bears to be a little behind, and nothing else
    await until_answered(reads, "replica", "fresh", lambda found: found == 0)
    before = answered("primary", "required")
    assert await reads.fetch_one("api_key_find", "nobody") is None
    assert answered("primary", "required") == before + 1
    # And what writes goes to the primary, whoever is asked
    await api_keys.create(reads, "test", ("read",))  # type: ignore[arg-type]
    assert len(await api_keys.every(primary)) == 1

    # When its replay is paused and the primary is idle, then nothing is missing there
    ground.replica.ask("SELECT pg_wal_replay_pause()")
    await measured(ground, 2 * round(FRESHNESS_S / 0.05))
    await until_answered(reads, "replica", "fresh")
    # And when the primary goes on, the replica is too old after a while, and the primary answers
    await lettered.dead(primary, 2)
    await until_answered(reads, "primary", "stale", lambda found: found == 2)
    assert lag(ground) > FRESHNESS_S
    # And once it has caught up, it answers again
    ground.replica.ask("SELECT pg_wal_replay_resume()")
    await until_answered(reads, "replica", "fresh", lambda found: found == 2)

    # When it dies in the middle of a query (that waits for a lock, which replicas have, too)
    before = answered("primary", "failed")
    async with primary.connection() as connection:
        lock = connection.transaction()
        await lock.start()
        await connection.execute("LOCK TABLE dead_letters IN ACCESS EXCLUSIVE MODE")
        ground.primary.ask("SELECT pg_switch_wal()")
        await told(ground.replica, "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock'")
        asking = asyncio.create_task(letters(reads))
        await told(ground.replica, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        ground.replica.process.kill()
        async with asyncio.timeout(PATIENCE_S):
            while answered("primary", "failed") == before:
                await asyncio.sleep(0.02)
        await lock.rollback()
    # Then the primary answers that
    assert await asking == 2
    # And another follows, which is used
    await until_answered(reads, "replica", "fresh")

    # When it is stopped, then nobody is told
    logged.clear()
    ground.replica.stop()
    await until_answered(reads, "primary", "away", lambda found: found == 2)
    assert [line["event"] for line in logged if "replica" in str(line["event"])] == ["replica_away"]
    # And when it is back, it has what it missed, and answers
    await lettered.dead(primary, 1)
    ground.replica.start()
    await until_answered(reads, "replica", "fresh", lambda found: found == 3)
    assert logged[-1]["event"] == "replica_back"

    # When it is promoted, and goes its own way
    logged.clear()
    ground.replica.ask("SELECT pg_promote()")
    await until_answered(reads, "primary", "away")
    ground.replica.ask("DELETE FROM dead_letters")
    # Then it is asked no more, and that is said
    assert [await letters(reads) for _ in range(5)] == [3] * 5
    (line,) = [line for line in logged if line["event"] == "replica_away"]
    assert "takes writes" in str(line["reason"])
    assert ground.primary.password_file.read_text().strip() not in str(logged)


async def test_the_pool_goes_on_where_the_replica_was_promoted(ground: Ground) -> None:
    # Given a process that was told of both servers, and writes where that can be done
    servers, _, name = ground.primary.url().rpartition("/")
    both = f"{servers},127.0.0.1:{ground.replica.port}/{name}"
    database = await Database.connect(f"{both}?target_session_attrs=read-write", idle=1, most=2, name="test")
    await api_keys.create(database, "before", ("read",))
    # When the primary is gone, and the replica promoted
    ground.primary.stop()
    if ground.replica.ask("SELECT pg_is_in_recovery()") == ["t"]:
        ground.replica.ask("SELECT pg_promote()")
    # Then it goes on there
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    await api_keys.create(database, "after", ("read",))
                    break
                except Exception:
                    await asyncio.sleep(0.05)
    finally:
        await database.close()
    # And so does a migration
    await starters.prepare(f"{both}?target_session_attrs=read-write")
    assert "after" in ground.replica.ask("SELECT name FROM api_keys")
