"""Replicas of the embedded PostgreSQL: made once, followed, made anew where they cannot go on; and those of a stack."""

from pathlib import Path

import httpx
import pytest

from riskengine.stack.errors import StackError
from riskengine.stack.postgres import Postgres
from riskengine.stack.postgres_replica import PostgresReplica, forget_others, role_of
from riskengine.stack.stack import Stack
from tests.stack.waiting import until

SLOTS = "SELECT slot_name FROM pg_replication_slots ORDER BY slot_name"


def test_a_replica_goes_on_and_is_made_anew_where_it_cannot(postgres: Postgres, tmp_path: Path) -> None:
    # Given a replica that is private, and follows
    replica = PostgresReplica(postgres, tmp_path / "one", "one")
    replica.start()
    try:
        postgres.ask("CREATE TABLE IF NOT EXISTS followed (number int)")
        postgres.ask("INSERT INTO followed VALUES (1)")
        until(lambda: "followed" in "".join(replica.ask("SELECT relname FROM pg_class")), "the table on the replica")
        assert (tmp_path / "one" / "data").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "one" / "data" / "replication.pass").stat().st_mode & 0o777 == 0o600
        (rights,) = postgres.ask(f"SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = '{role_of('one')}'")
        assert rights == "f|f"
        # When it was stopped for a while, then it goes on with what it has
        replica.stop()
        (mark := tmp_path / "one" / "data" / "mark").touch()
        postgres.ask("INSERT INTO followed VALUES (2)")
        replica.start()
        until(lambda: replica.ask("SELECT count(*) FROM followed") == ["2"], "what it missed")
        assert mark.exists()
        # And when the primary was told to forget all replicas but others, it is made anew
        forget_others(postgres, ["one"])
        assert postgres.ask(SLOTS) == [role_of("one")]
        replica.stop()
        until(lambda: postgres.ask("SELECT 1 FROM pg_replication_slots WHERE active") == [], "the end of replication")
        forget_others(postgres, ["two"])
        assert postgres.ask(SLOTS) == []
        replica.start()
        assert replica.ask("SELECT count(*) FROM followed") == ["2"]
        assert not mark.exists()
        # And when it was promoted, it is left as it is
        replica.ask("SELECT pg_promote()")
        replica.ask("INSERT INTO followed VALUES (3)")
        replica.stop()
        with pytest.raises(StackError, match="was promoted, and may hold what the primary never had"):
            replica.start()
    finally:
        replica.stop()
        forget_others(postgres, [])
        postgres.ask("DROP TABLE IF EXISTS followed")


def test_a_stack_with_a_replica_reads_from_it(tmp_path: Path) -> None:
    with Stack(tmp_path / "data", api=1, workers=1, replicas=1) as stack:
        (replica,) = stack.replicas
        assert [process.name for process in stack.processes[:3]] == ["postgresql", "replica-1", "valkey"]
        # Given the addresses that other commands get
        lines = (tmp_path / "data" / "env").read_text().splitlines()
        assert f"DATABASE_REPLICA_URLS={replica.url()}" in lines
        # Then its processes follow it, and name no password
        up = f'riskengine_replica_up{{replica="127.0.0.1:{replica.port}"}} 1.0'
        for part in (*stack.api, *stack.workers):
            shown = httpx.get(f"http://127.0.0.1:{part.port}/metrics").text
            assert up in shown
            assert stack.postgres.password_file.read_text() not in shown
        # And there is room for as many processes as one may ask for
        assert stack.postgres.ask("SHOW max_connections") == ["600"]
        assert replica.ask("SELECT pg_is_in_recovery()") == ["t"]
