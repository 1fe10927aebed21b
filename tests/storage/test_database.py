"""PostgreSQL away, back, or unwilling: what callers hear, and what the breaker makes of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from prometheus_client import REGISTRY

from riskengine.domain import clock as times
from riskengine.domain import ids
from riskengine.domain.errors import ConfigurationError, Unavailable
from riskengine.resilience.breaker import Breaker, Limits, NotAsked, State
from riskengine.stack.postgres import Postgres
from riskengine.storage import queries
from riskengine.storage.database import Database
from riskengine.storage.records import LAST_TIME
from tests.clock import Clock

CHANGE = "UPDATE accounts SET history_seq = 1 WHERE account_id = $1"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def touchy(clock: Clock) -> Breaker:
    """A breaker that the first failure opens."""
    return Breaker("postgresql", Limits(failures=1, open_ms=1_000, probes=1), clock)


@pytest.fixture
async def database(database_url: str, touchy: Breaker) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, idle=1, most=3, name="test", breaker=touchy)
    yield database
    await database.close()


async def _fails(database: Database) -> None:
    """Asks it, in vain."""
    with pytest.raises(Unavailable) as raised:
        await database.ping()
    assert not isinstance(raised.value, NotAsked)


async def test_a_server_that_dies_is_left_alone_and_used_again_when_it_is_back(tmp_path: Path, clock: Clock) -> None:
    # Given a server that is killed
    server = Postgres(tmp_path / "postgres")
    server.start()
    breaker = Breaker("postgresql", Limits(failures=3, open_ms=1_000, probes=1), clock)
    database = await Database.connect(server.url(), idle=1, most=2, name="test", breaker=breaker)
    await database.ping()
    server.stop(0.0)  # and no other one follows
    # When three calls fail
    for _ in range(3):
        await _fails(database)
    # Then it is left alone: of whoever calls now nobody reaches its port
    assert breaker.state is State.OPEN
    reached = 0

    def reach(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal reached
        reached += 1
        writer.close()

    async with await asyncio.start_server(reach, "127.0.0.1", server.port):
        for _ in range(20):
            with pytest.raises(NotAsked):
                await database.fetch("running_get")
        assert reached == 0
        # And after a while one call tries
        clock.seconds += 1
        await _fails(database)
        assert reached >= 1
        assert breaker.state is State.OPEN
    # When it is back
    successor = Postgres(tmp_path / "postgres", port=server.port)
    successor.start()
    try:
        clock.seconds += 1
        await database.ping()
        # Then it is used as before
        assert breaker.state is State.CLOSED
        await database.ping()
        await database.close()
    finally:
        successor.stop()


async def test_what_dies_inside_the_block_counts(database: Database, touchy: Breaker) -> None:
    # Given a session that somebody ends
    with pytest.raises(Unavailable):
        async with database.connection() as connection:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    assert touchy.state is State.OPEN


async def test_a_deadlock_is_to_be_tried_again_and_no_absence(database: Database, touchy: Breaker) -> None:
    # Given two accounts, and two who change them in the opposite order
    async with database.connection() as connection:
        await connection.execute("INSERT INTO accounts (account_id) VALUES ('a'), ('b')")
    both = asyncio.Barrier(2)

    async def change(first: str, second: str) -> None:
        async with database.connection() as connection, connection.transaction():
            await connection.execute(CHANGE, first)
            await both.wait()
            await connection.execute(CHANGE, second)

    # When they meet
    ended = await asyncio.gather(change("a", "b"), change("b", "a"), return_exceptions=True)
    # Then one of them is told to try again, and the server is not left alone
    (failed,) = [end for end in ended if end is not None]
    assert isinstance(failed, Unavailable)
    assert isinstance(failed.__cause__, asyncpg.DeadlockDetectedError)
    assert touchy.state is State.CLOSED


async def test_a_serialization_failure_is_to_be_tried_again(database: Database, touchy: Breaker) -> None:
    async with database.connection() as connection:
        await connection.execute("INSERT INTO accounts (account_id) VALUES ('a')")

    async def change_what_another_changed() -> None:
        async with database.connection() as connection, connection.transaction(isolation="repeatable_read"):
            await connection.fetch("SELECT * FROM accounts")
            async with database.connection() as other:
                await other.execute(CHANGE, "a")
            await connection.execute(CHANGE, "a")

    with pytest.raises(Unavailable) as raised:
        await change_what_another_changed()

    assert isinstance(raised.value.__cause__, asyncpg.SerializationError)
    assert touchy.state is State.CLOSED


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("40001", State.CLOSED),  # serialization failure
        ("55P03", State.CLOSED),  # lock not available
        ("53100", State.CLOSED),  # disk full
        ("25P04", State.CLOSED),  # transaction timeout
        ("53300", State.OPEN),  # too many connections
        ("53200", State.OPEN),  # out of memory
        ("57P03", State.OPEN),  # starting up
        ("58030", State.OPEN),  # input or output error
        ("58P01", State.OPEN),  # a file of its own is gone
        ("25006", State.OPEN),  # a replica
    ],
)
async def test_what_the_server_cannot_do_now_is_unavailable(
    database: Database, touchy: Breaker, code: str, state: State
) -> None:
    # When PostgreSQL answers so
    with pytest.raises(Unavailable, match="postgresql"):
        async with database.connection() as connection:
            await connection.execute(f"DO $$ BEGIN RAISE 'for a test' USING ERRCODE = '{code}'; END $$")
    # Then callers are to try again, and some of it is its absence
    assert touchy.state is state


async def test_a_fault_of_ours_is_no_absence(database: Database, touchy: Breaker) -> None:
    # Given statements that are wrong, and values that cannot be sent
    wrong = (
        ("SELECT 1 / 0", ()),
        ("SELECT nothing", ()),
        ("SELECT $1::int", ("a text",)),
        ("SELECT $1::int", (1 << 40,)),
    )
    # When they are run
    for statement, arguments in wrong:
        with pytest.raises((asyncpg.PostgresError, ValueError)):
            async with database.connection() as connection:
                await connection.execute(statement, *arguments)
    # Then PostgreSQL is as near as before
    assert touchy.state is State.CLOSED
    await database.ping()


async def test_a_cancelled_probe_lets_the_next_one_pass(database: Database, touchy: Breaker, clock: Clock) -> None:
    # Given a breaker that is half-open, and its one probe under way
    with suppress(Unavailable), touchy.call():
        raise Unavailable("postgresql")
    clock.seconds += 1
    begun = asyncio.Event()

    async def probe() -> None:
        async with database.connection() as connection:
            begun.set()
            await connection.execute("SELECT pg_sleep(600)")

    task = asyncio.create_task(probe())
    await begun.wait()
    with pytest.raises(NotAsked):
        await database.ping()
    # When whoever sent it goes away
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # Then the next call tries
    assert touchy.state is State.HALF_OPEN
    await database.ping()
    assert touchy.state is State.CLOSED


async def test_an_address_that_asyncpg_cannot_read_is_to_be_corrected() -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        await Database.connect("postgresql://127.0.0.1/x?sslmode=perhaps", idle=1, most=1, name="test")


async def test_a_statement_that_says_so_is_planned_once_for_all_arguments(database_url: str) -> None:
    # Given one connection
    database = await Database.connect(database_url, idle=1, most=1, name="test")
    ends = (ids.first(0), ids.first(LAST_TIME), times.to_datetime(0), times.to_datetime(LAST_TIME), 51)
    # When an account's page is read more often than PostgreSQL tries plans for the arguments
    for account in range(8):
        await database.fetch("records_of_account", *ends, f"account-{account}", False, None)
    # Then there was one plan for all of them, and other statements are planned as ever
    async with database.connection() as connection:
        plans = await connection.fetchrow(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1",
            queries.text("records_of_account"),
        )
        assert tuple(plans) == (8, 0)
        assert await connection.fetchval("SHOW plan_cache_mode") == "auto"
    await database.close()


async def test_the_pool_tells_what_it_has_and_how_long_work_waits(database_url: str) -> None:
    # Given a pool of its own, and a connection of it in use
    part = {"part": "pool"}
    database = await Database.connect(database_url, idle=1, most=2, name="test", breaker=Breaker("pool"))
    async with database.connection():
        used, idle = (
            REGISTRY.get_sample_value("riskengine_pool_connections", part | {"state": state})
            for state in ("used", "idle")
        )
        assert (used, idle) == (1, 0)
        # When others ask for more than there are
        asking = [asyncio.create_task(database.ping()) for _ in range(3)]
        await asyncio.gather(*asking)
    # Then each wait was measured, and the pool has what it may have
    assert REGISTRY.get_sample_value("riskengine_pool_wait_seconds_count", part) == 4
    assert REGISTRY.get_sample_value("riskengine_pool_connections", part | {"state": "used"}) == 0
    assert REGISTRY.get_sample_value("riskengine_pool_connections_most", part) == 2
    await database.close()
