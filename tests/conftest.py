"""The tests' real servers: one PostgreSQL and one Valkey a run; a database of its own and an empty Valkey a test."""

import logging
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Iterator

import asyncpg
import pytest
import structlog
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from riskengine.pipeline import starters
from riskengine.resilience import redis as connections
from riskengine.stack import programs
from riskengine.stack.errors import StackError
from riskengine.stack.postgres import Postgres
from riskengine.stack.stack import Stack
from riskengine.stack.valkey import Valkey
from riskengine.stack.valkey_cluster import ValkeyCluster
from riskengine.storage.database import Database
from riskengine.streaming.partitioned_stream import PartitionedStream

_TEMPLATE = "migrated"

_HASTY = {"fsync": "off", "full_page_writes": "off"}
"""Of a server that ends with the run, on which hundreds of databases are made. Stacks are as careful as ever."""

# Shells start background jobs deaf to Ctrl-C, and children inherit that: our own must hear what tests send them.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def logs_as_before() -> Iterator[None]:
    """For tests of what sets up logging for the whole process: afterwards all is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server; for a test that needs a database, `database_url` is simpler."""
    _skip_without(programs.postgres)
    server = Postgres(tmp_path_factory.mktemp("postgres"), settings=_HASTY)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A Valkey server, shared by the whole run: only a test that starts it again may stop it."""
    _skip_without(programs.valkey)
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def valkey_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyCluster]:
    """A cluster of six nodes, shared by the whole run: a test that kills or moves something puts it right again."""
    _skip_without(programs.valkey)
    with ValkeyCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster_url(valkey_cluster: ValkeyCluster) -> str:
    """The address of the cluster, emptied."""
    for node in valkey_cluster.masters:
        node.ask("FLUSHALL")
    return valkey_cluster.url


@pytest.fixture(scope="session")
async def _template(postgres: Postgres) -> str:
    """The name of a database with the present schema, to be copied."""
    await _administer(postgres, f"CREATE DATABASE {_TEMPLATE}")
    await starters.prepare(postgres.url(_TEMPLATE))
    return _TEMPLATE


@pytest.fixture
async def database_url(postgres: Postgres, _template: str) -> AsyncIterator[str]:
    """The address of a database of the test's own, with the schema and nothing in it."""
    name = f"test_{uuid.uuid4().hex}"
    await _administer(postgres, f"CREATE DATABASE {name} TEMPLATE {_template} STRATEGY file_copy")
    yield postgres.url(name)
    await _administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """The address of the Valkey server, emptied."""
    with BlockingRedis.from_url(valkey.url) as client:
        client.flushall()
    return valkey.url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database of the test's own."""
    database = await Database.connect(database_url, idle=1, most=10, name="test")
    yield database
    await database.close()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of the emptied Valkey."""
    client = connections.connect(redis_url, "test")
    yield client
    await client.aclose()


@pytest.fixture
def queue(redis: Redis) -> PartitionedStream:
    """The queue on it."""
    return PartitionedStream(redis)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole stack, up: two API processes behind the balancer, two workers."""
    for program in (programs.postgres, programs.valkey, programs.caddy):
        _skip_without(program)
    with Stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


def _skip_without(program: Callable[[], object]) -> None:
    """Skips on a platform that has no such wheel; a server that does not start is a failure, and never a skip."""
    try:
        program()
    except StackError as error:
        pytest.skip(str(error))


async def _administer(postgres: Postgres, statement: str) -> None:
    connection = await asyncpg.connect(postgres.url("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
