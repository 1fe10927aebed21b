"""What is published runs in every process, under load, and every decision is that of the version it names."""

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import httpx

from riskengine import wiring
from riskengine.domain.account import Account
from riskengine.domain.release import Kind, Publication
from riskengine.pipeline.publishing import Publishing
from riskengine.pipeline.running import Running
from riskengine.stack.stack import Stack
from riskengine.storage import decisions, processes, transactions
from riskengine.storage.database import Database
from tests.pipeline.published import marked
from tests.promises.conftest import drained

PROCESSES = 4
SENDERS = 3
PUBLICATIONS = 10


def _payload(number: int) -> dict[str, object]:
    return {
        "account_id": f"hot-{number % 60}",
        "amount": f"{10 + number % 90}.50",
        "currency": "EUR",
        "country": "BE",
        "idempotency_key": f"hot-{number}",
    }


@asynccontextmanager
async def _load(client: httpx.AsyncClient) -> AsyncIterator[None]:
    """Singles, batches and decisions at once, from concurrent senders, for as long as the block lasts."""
    numbers, done = itertools.count(1_000_000), asyncio.Event()

    async def send(path: str, body: Callable[[], object]) -> None:
        while not done.is_set():
            answer = await client.post(path, json=body())
            assert answer.status_code in (200, 201), answer.text

    def one() -> object:
        return _payload(next(numbers))

    def batch() -> object:
        return {"transactions": [_payload(next(numbers)) for _ in range(20)]}

    kinds = (("/transactions", one), ("/transactions/batch", batch), ("/decisions", one))
    async with asyncio.TaskGroup() as tasks:
        for path, body in kinds * SENDERS:
            tasks.create_task(send(path, body))
        try:
            yield
        finally:
            done.set()


async def _publish(publishing: Publishing, number: int) -> Publication:
    draft = await publishing.draft(Kind.RULESET, marked(number), "ann")
    return await publishing.publish(draft.draft_id, "ann")


async def _everywhere(database: Database, generation: int, seen: dict[str, list[int]]) -> None:
    """Returns when every process runs that generation, noting in `seen` what each said it ran meanwhile."""
    async with asyncio.timeout(60):
        while True:
            reports = await processes.living(database)
            for report in reports:
                seen.setdefault(report.process_id, []).append(report.running.generation)
            if len(reports) == PROCESSES and all(report.running.generation == generation for report in reports):
                return
            await asyncio.sleep(0.02)


async def _decided_by(client: httpx.AsyncClient, database: Database, number: int) -> int:
    """The rule set that decides a payment now."""
    answer = await client.post("/decisions", json=_payload(number))
    decision = await decisions.get(database, UUID(answer.json()["transaction_id"]))
    assert decision is not None
    return decision.verdict.versions.ruleset


async def _differences(database: Database, engines: Running, told: list[Publication]) -> tuple[int, list[str]]:
    """How many decisions there are, and what is wrong with any: of no version that ran by then, or not as it says."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT transaction_id FROM decisions WHERE account_id LIKE 'hot-%'")
    first_ran: dict[int | None, int] = {}
    for one in sorted(told, key=lambda one: one.generation):
        first_ran.setdefault(one.version, one.published_at)
    wrong = []
    for row in rows:
        decision = await decisions.get(database, row["transaction_id"])
        transaction = await transactions.get(database, row["transaction_id"])
        assert decision is not None
        assert transaction is not None
        verdict = decision.verdict
        version = verdict.versions.ruleset
        if version not in first_ran or decision.decided_at < first_ran[version]:
            wrong.append(f"{version} did not run when {verdict.transaction_id} was decided")
        engine = await engines.of(verdict.versions)
        again = engine.judge(transaction, Account(transaction.account_id), verdict.features, None)
        marks = [rule for rule in verdict.rules if rule.startswith("RULE_MARK_")]
        if marks != ([f"RULE_MARK_{version}"] if version > 1 else []) or again.rules != verdict.rules:
            wrong.append(f"{verdict.transaction_id} says {version}, and {verdict.rules} fired, not {again.rules}")
    return len(rows), wrong


async def test_rule_sets_are_published_under_load(stack: Stack, client: httpx.AsyncClient, database: Database) -> None:
    # Given load of all kinds on every process
    builder = wiring.builder(database)
    publishing = Publishing(database, builder, approval=False)
    seen: dict[str, list[int]] = {}
    probes: list[tuple[int, int]] = []
    async with _load(client):
        # When rule sets are published, each once the one before runs everywhere, and then rolled back once
        for version in range(2, 2 + PUBLICATIONS):
            done = await _publish(publishing, version)
            assert done.version == version
            await _everywhere(database, done.generation, seen)
            # Then whatever is sent from then on is decided by it, whatever process gets it
            probes += [(version, await _decided_by(client, database, 10 * version + n)) for n in range(4)]
        back = await publishing.rollback(Kind.RULESET, 3, "ann")
        await _everywhere(database, back.generation, seen)
        probes += [(3, await _decided_by(client, database, n)) for n in range(4)]
    await drained(database)
    assert [found for _, found in probes] == [wanted for wanted, _ in probes]
    # And no process ever went back by itself
    assert len(seen) == PROCESSES
    assert all(generations == sorted(generations) for generations in seen.values())
    # And every decision is one of a version that ran, and exactly what that version says
    told = await publishing.history(Kind.RULESET, 1000)
    count, wrong = await _differences(database, await Running.start(database, builder), told)
    assert wrong == []
    assert count > 100


async def test_what_is_published_arrives_without_the_push(
    stack: Stack, client: httpx.AsyncClient, database: Database
) -> None:
    # Given processes whose connections for listening are cut
    publishing = Publishing(database, wiring.builder(database), approval=False)
    version = len(await publishing.releases(Kind.RULESET)) + 1
    async with database.connection() as connection:
        query = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'riskengine-%-listen'"
        )
        assert len(await connection.fetch(query)) == PROCESSES
    # When a rule set is published
    done = await _publish(publishing, version)
    # Then all come to run it
    await _everywhere(database, done.generation, {})
    assert await _decided_by(client, database, 5_000) == version


async def test_a_process_that_was_killed_is_reported_no_more(stack: Stack, database: Database) -> None:
    # Given a worker that is killed, and started again
    pid = stack.workers[0].process.pid
    assert any(report.process_id.endswith(f"-{pid}") for report in await processes.living(database))
    os.kill(pid, signal.SIGKILL)
    # Then soon there are as many processes as before, and it is not among them
    async with asyncio.timeout(60):
        while True:
            names = [report.process_id for report in await processes.living(database)]
            if len(names) == PROCESSES and not any(name.endswith(f"-{pid}") for name in names):
                return
            await asyncio.sleep(0.1)
