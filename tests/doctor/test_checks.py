"""Each thing that may be wrong with settings, permissions and what is stored: found where it is so, on real servers."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from redis.asyncio import Redis

from riskengine.doctor import configuration
from riskengine.doctor import redis as valkey_checks
from riskengine.doctor.examination import examine
from riskengine.doctor.finding import Finding, Level
from riskengine.doctor.patient import Patient
from riskengine.doctor.permissions import COMMANDS
from riskengine.domain.dead_letter import Failure
from riskengine.storage import dead_letters
from riskengine.storage.database import Database
from riskengine.storage.dead_letters import Origin
from tests.operations.web import serving

Look = Callable[..., Awaitable[dict[str, Finding]]]

KEYS = ("~transactions*", "~history:*", "~shared:*", "~series:*", "~peers:*", "~cache:*", "~quota:*")
DOCUMENTED = Path(__file__).parents[2].joinpath("docs", "operate.md").read_text().partition("ACL SETUSER riskengine")[2]


@pytest.fixture
def look(database_url: str, redis_url: str) -> Look:
    """Looks at the test's servers, with other variables if given."""

    async def looked(**other: str) -> dict[str, Finding]:
        async with Patient.reached({"DATABASE_URL": database_url, "REDIS_URL": redis_url} | other) as one:
            return {finding.check: finding for finding in await examine(one)}

    return looked


@pytest.fixture
async def stranger(database: Database, database_url: str) -> AsyncIterator[str]:
    """The database's address for a user who may do nothing there."""
    name, password = f"stranger_{secrets.token_hex(4)}", secrets.token_hex(8)
    async with database.connection() as connection:
        await connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
    yield _as(database_url, name, password)
    async with database.connection() as connection:
        await connection.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER; DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.fixture
async def user(redis: Redis, redis_url: str) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """Valkey's address for a user with just these rights."""
    name, password = f"user{secrets.token_hex(4)}", secrets.token_hex(8)

    async def with_rights(*rights: str) -> str:
        await redis.execute_command("ACL", "SETUSER", name, "reset", "on", f">{password}", *rights)
        return _as(redis_url, name, password)

    yield with_rights
    await redis.execute_command("ACL", "DELUSER", name)


def _as(url: str, name: str, password: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{name}:{password}@{parts.hostname}:{parts.port}"))


async def test_settings_that_are_wrong_are_named_and_stop_nothing(look: Look) -> None:
    # Given two wrong values, and two settings that cannot both be
    wrong = {"WORKER_BATCH_SIZE": "many", "LOG_LEVEL": "loud", "API_DB_POOL_MIN": "9", "API_DB_POOL_MAX": "3"}
    # When it looks
    found = await look(**wrong)
    # Then all are named, and the servers are looked at
    assert found["settings"].level is Level.FAIL
    assert all(name in found["settings"].says for name in ("WORKER_BATCH_SIZE", "LOG_LEVEL", "API_DB_POOL_MIN must"))
    assert found["schema"].level is found["Valkey"].level is Level.OK


@pytest.mark.parametrize("address", ["", "mysql://somewhere"])
async def test_an_address_that_is_missing_or_wrong_is_not_gone_to(look: Look, address: str) -> None:
    found = await look(DATABASE_URL=address)
    assert found["PostgreSQL"].says == "not looked at: DATABASE_URL is missing or wrong"
    assert found["Valkey"].level is Level.OK
    found = await look(REDIS_URL=address or "redis://host:port")
    assert found["Valkey"].level is Level.FAIL
    assert found["Valkey"].todo == "set REDIS_URL"
    assert found["PostgreSQL"].level is Level.OK


async def test_variables_that_nobody_reads_are_found(look: Look) -> None:
    told = {"WORKER_BATCHSIZE": "10", "API_DB_POLL_MAX": "5", "worker-consumers": "3"}
    others = {"DATABASE": "x", "API_KEY": "y", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "z"}
    found = (await look(**told, **others))["unknown settings"]
    assert found.level is Level.WARN
    assert found.says == (
        "API_DB_POLL_MAX is no setting, API_DB_POOL_MAX is, WORKER_BATCHSIZE is no setting, WORKER_BATCH_SIZE is, "
        "worker-consumers is no setting, WORKER_CONSUMERS is"
    )


@pytest.mark.parametrize(
    ("told", "level", "says"),
    [
        ({"FAIL_POINTS": "/tmp/fail"}, Level.FAIL, "FAIL_POINTS is set"),
        ({"WORKER_CONSUMERS": "9"}, Level.WARN, "9 consumers of a worker share 5 connections"),
        ({"RETENTION_MONTHS": "3"}, Level.WARN, "nowhere to go"),
        ({"REDIS_URL": "redis+cluster://127.0.0.1:1"}, Level.WARN, "one node does everything"),
        ({"RETENTION_MONTHS": "3", "ARCHIVE_DIRECTORY": "/tmp"}, Level.OK, "nothing contradicts"),
    ],
)
async def test_settings_that_do_not_go_together_are_found(
    look: Look, told: dict[str, str], level: Level, says: str
) -> None:
    found = (await look(**told))["settings together"]
    assert (found.level, says in found.says) == (level, True)


async def test_where_months_are_archived_to_is_looked_at(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = "archive directory"
    assert (await look(ARCHIVE_DIRECTORY=str(tmp_path)))[check].says.endswith("GiB are free")
    assert "can be made" in (await look(ARCHIVE_DIRECTORY=str(tmp_path / "new" / "er")))[check].says
    file = tmp_path / "file"
    file.touch()
    assert (await look(ARCHIVE_DIRECTORY=str(file / "x")))[check].says == f"{file} is no directory"
    assert not tmp_path.joinpath("new").exists()
    # A disk that is nearly full, and one that is full: of this one other shares are called so
    for share, level in (("ROOM_WARN", Level.WARN), ("ROOM_FAIL", Level.FAIL)):
        monkeypatch.setattr(configuration, share, 1.1)
        found = await look(ARCHIVE_DIRECTORY=str(tmp_path))
        assert (found[check].level, found["disk"].level) == (level, level)


async def test_who_takes_traces_is_asked(look: Look) -> None:
    assert (await look())["OTLP"].says.endswith("nothing is sent")
    with serving() as web:
        endpoint = f"http://127.0.0.1:{web.port}"
        assert (await look(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint))["OTLP"].says == f"{endpoint} takes traces"
        web.status = 404
        found = (await look(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint))["OTLP"]
        assert (found.level, found.says) == (Level.WARN, f"{endpoint}/v1/traces answers 404")
    found = (await look(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint))["OTLP"]
    assert (found.level, "does not answer" in found.says) == (Level.WARN, True)


async def test_what_the_database_user_may_not_do_is_found(look: Look, database: Database, stranger: str) -> None:
    check, name = "database permissions", urlsplit(stranger).username

    async def given(statement: str) -> Finding:
        async with database.connection() as connection:
            await connection.execute(statement)
        return (await look(DATABASE_URL=stranger))[check]

    # Given a user who may not even look
    found = await look(DATABASE_URL=stranger)
    assert "permission denied" in found["schema"].says
    assert found[check].says.startswith(f"{name} may not read or add to account")
    # When it may do ever more, then what is left is named
    found = await given(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}")
    assert "does not own decisions, decisions_" in found.says
    found = await given(
        "DO $$ DECLARE t record; BEGIN FOR t IN SELECT oid::regclass AS name FROM pg_class "
        "WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace "
        f"LOOP EXECUTE format('ALTER TABLE %s OWNER TO {name}', t.name); END LOOP; END $$"
    )
    assert found.says == f"{name} may not create tables, and so no months to come"
    found = await given(f"GRANT CREATE ON SCHEMA public TO {name}")
    assert found.says == f"{name} owns the tables, may create more, and may listen"
    found = await given(f"ALTER ROLE {name} SET default_transaction_read_only = on")
    assert "takes no writes" in found.says


async def test_what_the_valkey_user_may_not_do_is_found(look: Look, user: Callable[..., Awaitable[str]]) -> None:
    check = "Valkey permissions"
    needed = sorted({f"+{command.split()[0].lower()}" for command in COMMANDS})
    assert (await look(REDIS_URL=await user(*KEYS, *needed, "+eval")))[check].level is Level.OK
    # And the user that the page makes may do all
    documented = [word for word in DOCUMENTED.partition("```")[0].split() if word.startswith(("~", "+"))]
    found = await look(REDIS_URL=await user(*documented))
    assert {one.level for name, one in found.items() if name.startswith("Valkey")} == {Level.OK}
    found = (await look(REDIS_URL=await user(*KEYS, *needed, "+eval", "-xclaim", "-zadd")))[check]
    assert found.says == "refused: XCLAIM transactions g c 0 0-1, ZADD shared:0 0 m"
    found = (await look(REDIS_URL=await user("~transactions*", *needed, "+eval")))[check]
    assert "GET history:0" in found.says
    assert "XADD" not in found.says
    found = (await look(REDIS_URL=await user(*KEYS, *needed)))[check]
    assert (found.level, found.says) == (Level.FAIL, "EVAL is refused, and perhaps more")


async def test_the_cluster_is_asked_what_is_permitted(look: Look, cluster_url: str) -> None:
    found = await look(REDIS_URL=cluster_url, STREAM_PARTITIONS="12")
    assert (found["Valkey permissions"].level, found["Valkey clock"].level) == (Level.OK, Level.OK)


async def test_pending_migrations_are_named(look: Look, database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("UPDATE alembic_version SET version_num = '0007'")
    assert "pending: 0008 (" in (await look())["schema"].says


async def test_months_that_are_not_whole_are_found(look: Look, database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE transactions_2019_01 (LIKE transactions)")
    assert (await look())["partitions"].says == "2019-01: archived or made half-way"
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE rest PARTITION OF transactions DEFAULT")
    found = (await look())["partitions"]
    assert (found.level, found.says.startswith("rest takes rows of all other months")) == (Level.WARN, True)


async def test_an_engine_that_cannot_be_run_here_is_found(look: Look, database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO releases (kind, version, content, created_by) VALUES ('model', 1, 'no bundle', 'somebody');"
            "UPDATE running SET model = 1"
        )
    found = (await look())["engine"]
    assert (found.level, bool(found.todo)) == (Level.FAIL, True)


async def test_dead_letters_are_found(look: Look, database: Database) -> None:
    failures = [
        Failure("transactions", f"{n}-0", None, "no message", "Unreadable", "f" * 16, "", b"?") for n in range(3)
    ]
    await dead_letters.note(database, failures, Origin("worker-1", {}), [], 0.0)
    found = (await look())["dead letters"]
    assert (found.level, found.says.startswith("3 are open, 3 of them by")) == (Level.WARN, True)


async def test_rollups_that_are_behind_are_found(look: Look, database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("UPDATE rollups SET as_of = now() - interval '5 minutes', position = 3")
    found = (await look())["rollups"]
    assert (found.level, found.says) == (Level.WARN, "300 s behind")
    async with database.connection() as connection:
        await connection.execute("UPDATE rollups SET server = 1")
    assert (await look())["rollups"].level is Level.FAIL


async def test_servers_older_than_what_was_tried_are_found(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey_checks, "TRIED_VALKEY", 99)
    monkeypatch.setattr(configuration, "NEWEST_PYTHON", (3, 10))
    found = await look()
    assert (found["Valkey version"].level, found["versions"].level) == (Level.WARN, Level.WARN)
