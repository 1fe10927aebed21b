"""Behind PgBouncer in transaction mode all promises hold: no statement of the engine leans on a session."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from riskengine.pipeline.proof.audit import audit
from riskengine.stack import programs
from riskengine.stack.errors import StackError
from riskengine.stack.stack import Stack
from riskengine.storage import processes
from riskengine.storage.database import Database
from tests import pgbouncer
from tests.pgbouncer import PgBouncer
from tests.pipeline.published import marked
from tests.promises.conftest import drained

SENDERS = 12
EACH = 12


@pytest.fixture(scope="module")
def pooled() -> dict[str, str]:
    """What processes are told of the pooler, once it is there."""
    return {}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, pooled: dict[str, str]) -> Iterator[Stack]:
    """Two API processes and two workers, which reach PostgreSQL through PgBouncer."""
    pgbouncer.program()
    try:
        for program in (programs.postgres, programs.valkey, programs.caddy):
            program()
    except StackError as error:
        pytest.skip(str(error))
    stops = ExitStack()

    def environment(_: str) -> Mapping[str, str]:
        if not pooled:
            pooler = PgBouncer(stack.database_url)
            stops.callback(pooler.stop)
            pooled.update({"DATABASE_URL": pooler.url, "DATABASE_POOLER": "transaction", "LOG_LEVEL": "info"})
        return pooled

    stack = Stack(tmp_path_factory.mktemp("pooled"), environment=environment)
    with stops, stack:  # what does not start behind the pooler is a failure, and no reason to skip
        yield stack


def riskengine(stack: Stack, pooled: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **stack.addresses, **pooled}
    command = [sys.executable, "-m", "riskengine", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


async def test_all_is_decided_once_and_published_everywhere(
    stack: Stack, pooled: dict[str, str], database: Database, tmp_path: Path
) -> None:
    # Given a key, made through the pooler
    made = riskengine(stack, pooled, "keys", "create", "--name", "test", "--scope", "admin")
    assert made.returncode == 0, made.stderr
    headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
    accepted: list[UUID] = []

    async def send(client: httpx.AsyncClient, sender: int) -> None:
        for number in range(EACH):
            body = {"account_id": f"acct-{number}", "amount": "10.50", "currency": "EUR"}
            if (sender + number) % 3:
                path, sent = ("/decisions", "/transactions")[number % 2], body
            else:
                path, sent = "/transactions/batch", {"transactions": [body] * 20}
            answer = await client.post(path, json=sent)
            assert answer.status_code in (200, 201), answer.text
            told = answer.json()
            accepted.extend(UUID(one["transaction_id"]) for one in told.get("transactions", [told]))

    # When much comes in at once, and a rule set is published meanwhile
    base_url = f"{stack.url}/api/v1"
    async with (
        httpx.AsyncClient(base_url=base_url, headers=headers, timeout=60) as client,
        asyncio.TaskGroup() as tasks,
    ):
        for sender in range(SENDERS):
            tasks.create_task(send(client, sender))
        file = tmp_path / "rules.yaml"
        file.write_bytes(marked(2))
        words = ("rules", "publish", str(file), "--by", "ann", "--note", "a test")
        published = await asyncio.to_thread(riskengine, stack, pooled, *words)
    assert published.returncode == 0, published.stderr
    # Then every process comes to run it, without being told
    async with asyncio.timeout(20):
        while {report.running.ruleset for report in await processes.living(database)} != {2}:
            await asyncio.sleep(0.05)
    # And all that was accepted is stored and decided, once
    await drained(database)
    found = await audit(database, accepted)
    assert len(accepted) == found.accepted > SENDERS * EACH
    assert found.faults == []
    # And no more sessions were open than the pooler gives, and nobody missed being told
    async with database.connection() as connection:
        clients = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        assert await connection.fetchval(clients) <= pgbouncer.SERVERS + 2  # and this test's own
    logs = "".join(part.process.program.log.read_text() for part in (*stack.api, *stack.workers))
    assert "listening_lost" not in logs
    assert '"level":"error"' not in logs.replace(" ", "")


def test_the_doctor_works_through_it(stack: Stack, pooled: dict[str, str]) -> None:
    shown = riskengine(stack, pooled, "doctor")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "a pooler" in shown.stdout
