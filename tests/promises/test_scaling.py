"""Processes come, go and die while clients work, who see nothing of it: nothing is in one that another needs."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from riskengine.stack import scaling
from riskengine.stack.errors import StackError
from riskengine.stack.stack import Stack
from riskengine.stack.standing import Counts, Standing
from riskengine.storage.database import Database
from tests.promises.conftest import drained

SENDERS = 12
ROUNDS = 5
BROKEN = "worker-4"
"""The name of a process that cannot start, should anybody want it."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One API process and one worker, in a directory where more may be asked for."""
    try:
        stack = Stack(
            tmp_path_factory.mktemp("scaled"),
            api=1,
            workers=1,
            environment=lambda name: {"REDIS_URL": "nonsense" if name == BROKEN else stack.redis_url},
        )
        stack.__enter__()
    except StackError as error:
        pytest.skip(f"no embedded stack: {error}")
    yield stack
    stack.stop()


@pytest.fixture
def directory(stack: Stack) -> Path:
    """Where it works."""
    assert stack.data_dir is not None
    return stack.data_dir


def _command(directory: Path, *counts: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", "riskengine", "scale", *counts, "--data-dir", str(directory)]
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


def _names(stack: Stack) -> list[str]:
    return [part.process.name for part in (*stack.api, *stack.workers) if part.process.alive]


async def _send(client: httpx.AsyncClient, sender: int, done: asyncio.Event, accepted: list[str]) -> None:
    """Sends until it is done, each thing once. What fails, fails the test."""
    number = 0
    while not done.is_set():
        number += 1
        body = {"account_id": f"scaled-{sender}", "amount": "9.50", "currency": "EUR"}
        answer = await client.post("/decisions" if number % 4 == 0 else "/transactions", json=body)
        assert answer.status_code in (200, 201), answer.text
        accepted.append(answer.json()["transaction_id"])


async def test_no_request_fails_while_processes_come_and_go(
    stack: Stack, directory: Path, client: httpx.AsyncClient, database: Database
) -> None:
    # Given clients that keep their connections, and send each request once
    done, accepted = asyncio.Event(), list[str]()
    async with asyncio.TaskGroup() as tasks:
        for sender in range(SENDERS):
            tasks.create_task(_send(client, sender, done, accepted))
        # When there are three of each kind, and then one again
        for count in (3, 1):
            printed = await asyncio.to_thread(_command, directory, f"api={count}", f"worker={count}")
            # Then the command says so when it is so
            assert printed.returncode == 0, printed.stderr
            assert printed.stdout.splitlines()[-1] == f"api={count} worker={count}"
            numbers = range(1, count + 1)
            assert _names(stack) == [f"{kind}-{number}" for kind in ("api", "worker") for number in numbers]
        done.set()
    await drained(database)
    # And all that was accepted is decided once
    async with database.connection() as connection:
        decided = await connection.fetch("SELECT transaction_id FROM decisions WHERE account_id LIKE 'scaled-%'")
    assert sorted(str(row["transaction_id"]) for row in decided) == sorted(accepted)
    assert len(accepted) > 100


def test_two_who_ask_at_once_both_get_what_they_want(stack: Stack, directory: Path) -> None:
    with ThreadPoolExecutor(2) as people:
        api = people.submit(scaling.scale, directory, api=4)
        worker = people.submit(scaling.scale, directory, worker=2)
        api.result(), worker.result()
    assert scaling.present(directory).counts == Counts(4, 2)
    assert len(_names(stack)) == 6


def test_who_leaves_is_told_to_end_once_the_balancer_sends_it_no_more(
    stack: Stack, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given two API processes
    scaling.scale(directory, api=2)
    leaving, wait_told = stack.api[-1], stack.balancer.roster.wait_told
    told: list[tuple[int, bool]] = []

    def watched(place: int, times: int) -> bool:
        done = wait_told(place, times)
        told.append((place, done and leaving.process.alive))
        return done

    monkeypatch.setattr(stack.balancer.roster, "wait_told", watched)
    # When one of them is too much
    scaling.scale(directory, api=1)
    # Then it lived until the balancer had heard of it, and lives no more
    assert told == [(leaving.port, True)]
    assert not leaving.process.alive


async def _insist(client: httpx.AsyncClient, method: str, path: str, **sent: Any) -> dict[str, Any]:
    """The answer, after as many tries as it takes; a client knows that a process may die."""
    while True:
        try:
            answer = await client.request(method, path, **sent)
        except httpx.TransportError:
            continue
        if answer.status_code in (200, 201):
            body: dict[str, Any] = answer.json()
            return body
        assert answer.status_code in (404, 502, 503), answer.text
        await asyncio.sleep(0.02)  # so as not to take the time of who is to answer


async def _session(client: httpx.AsyncClient, customer: int, number: int, mine: list[str]) -> None:
    """A customer pays, looks at what became of it, pays and waits for the decision, and looks through all payments."""
    account = f"spread-{customer}"
    for path in ("/transactions", "/decisions"):
        body = {"account_id": account, "amount": f"{number + 1}.25", "currency": "EUR"}
        body["idempotency_key"] = f"{account}-{path}-{number}"
        made = await _insist(client, "POST", path, json=body)
        mine.append(made["transaction_id"])
        # the same key is known to whichever process is asked
        assert (await _insist(client, "POST", path, json=body))["transaction_id"] == made["transaction_id"]
        kept = await _insist(client, "GET", f"/transactions/{made['transaction_id']}")
        assert (kept["account_id"], kept["amount"]) == (account, body["amount"])
        decision = await _insist(client, "GET", f"/transactions/{made['transaction_id']}/decision")
        assert decision["account_id"] == account
    page = await _insist(client, "GET", f"/transactions?account_id={account}&limit=500")
    assert sorted(transaction["transaction_id"] for transaction in page["transactions"]) == sorted(mine)


async def test_a_session_goes_on_over_replicas_that_die(
    stack: Stack, directory: Path, client: httpx.AsyncClient, database: Database
) -> None:
    # Given four API processes and some customers
    await asyncio.to_thread(scaling.scale, directory, api=4, worker=2)
    made: list[list[str]] = [[] for _ in range(6)]
    for number in range(ROUNDS):
        # When one process is killed in each round, while all customers pay and look
        victim = stack.api[number % 4].process
        sessions = asyncio.gather(*(_session(client, *customer, mine) for customer, mine in _numbered(made, number)))
        await asyncio.sleep(0)  # so that they have begun
        os.kill(victim.pid, signal.SIGKILL)
        # Then each finds all that it did, from the first round on
        async with asyncio.timeout(60):
            await sessions
    await drained(database)
    # And no key made two transactions
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT idempotency_key, transaction_id FROM transactions WHERE account_id LIKE 'spread-%'"
        )
        decided = await connection.fetchval("SELECT count(*) FROM decisions WHERE account_id LIKE 'spread-%'")
    assert set(Counter(row["idempotency_key"] for row in rows).values()) == {1}
    assert {str(row["transaction_id"]) for row in rows} == {identity for mine in made for identity in mine}
    assert decided == len(rows) == 6 * 2 * ROUNDS


def _numbered(made: list[list[str]], number: int) -> list[tuple[tuple[int, int], list[str]]]:
    return [((customer, number), mine) for customer, mine in enumerate(made)]


def _settled(stack: Stack, directory: Path) -> Standing:
    """What is shown once everybody lives: one that was killed before is another process then."""
    while True:
        shown = scaling.present(directory)
        processes = [part.process for part in (*stack.api, *stack.workers)]
        alive = all(process.alive for process in processes)
        if alive and [one.pid for one in shown.instances] == [process.pid for process in processes]:
            return shown
        time.sleep(0.02)


def test_a_process_that_does_not_start_changes_nothing(stack: Stack, directory: Path) -> None:
    # Given a stack, and that one more process of those asked for cannot start
    scaling.scale(directory, api=4, worker=2)
    before = _settled(stack, directory)
    # When they are asked for
    refused = _command(directory, "api=5", "worker=4")
    # Then it is said which and why, and those are there that were
    assert refused.returncode == 2
    assert "still api=4 worker=2, as before: worker-4 stopped while it was starting" in refused.stderr
    assert "REDIS_URL" in refused.stderr
    after = scaling.present(directory)
    assert (after.counts, after.instances) == (before.counts, before.instances)
    assert len(_names(stack)) == 6


@pytest.mark.parametrize("counts", [["worker=0"], ["api=1000"], ["worker=x"], ["foo=2"], ["api=1", "api=2"]])
def test_nonsense_is_refused(stack: Stack, directory: Path, counts: list[str]) -> None:
    before = scaling.present(directory)
    refused = _command(directory, *counts)
    assert refused.returncode == 2
    assert "32" in refused.stderr or "twice" in refused.stderr
    assert scaling.present(directory) == before
