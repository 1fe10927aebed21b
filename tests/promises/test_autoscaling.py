"""A spike makes workers more, its end makes them fewer, and nothing is lost: real processes, in minutes of a second."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from riskengine.stack import ports, scaling
from riskengine.stack.errors import StackError
from riskengine.stack.stack import Stack
from riskengine.storage.database import Database
from tests.promises.conftest import drained
from tests.stack.waiting import until

SPIKE = 5
"""Batches, of 1000 transactions each: more than is decided while workers start, since these take few at once."""

SLOW = {"WORKER_CONSUMERS": "1", "WORKER_BATCH_SIZE": "4"}

MOST = 3

POLICY = f"""
every_s: 0.25
bounds:
  worker: {{least: 1, most: {MOST}, cooldown_s: 1}}
rules:
  HighQueueDepth: {{threshold: 300, hold_s: 0.5}}
  LowQueueDepth: {{hold_s: 3}}
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One API process and one worker, in a directory where more may be asked for."""
    try:
        stack = Stack(tmp_path_factory.mktemp("autoscaled"), api=1, workers=1, environment=lambda _: SLOW)
        stack.__enter__()
    except StackError as error:
        pytest.skip(f"no embedded stack: {error}")
    yield stack
    stack.stop()


class Scaler:
    """`riskengine autoscale` on the stack, and what it logs."""

    def __init__(self, directory: Path, stack: Path) -> None:
        (directory / "policy.yaml").write_text(POLICY)
        self.metrics = ports.free()
        self._log = directory / "log"
        options = ["--data-dir", str(stack), "--policy", str(directory / "policy.yaml")]
        self.command = [sys.executable, "-m", "riskengine", "autoscale", *options]
        with self._log.open("w") as log:
            command = [*self.command, "--metrics-port", str(self.metrics)]
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)

    def told(self, event: str) -> list[dict[str, Any]]:
        """What it logged of that event."""
        lines = [json.loads(line) for line in self._log.read_text().splitlines() if line.endswith("}")]
        return [line for line in lines if line["event"] == event]


@pytest.fixture(scope="module")
def scaler(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scaler]:
    assert stack.data_dir is not None
    scaler = Scaler(tmp_path_factory.mktemp("scaler"), stack.data_dir)
    until(lambda: ports.listening(scaler.metrics), "it shows its metrics")
    yield scaler
    if scaler.process.poll() is None:
        scaler.process.kill()
    scaler.process.wait()


async def _spike(client: httpx.AsyncClient) -> list[str]:
    """Sends thousands at once; the ids of what was accepted, which is all."""
    accepted: list[str] = []
    for number in range(SPIKE):
        payments = [
            {"account_id": f"spike-{number}-{n % 250}", "amount": "9.50", "currency": "EUR"} for n in range(1000)
        ]
        answer = await client.post("/transactions/batch", json={"transactions": payments})
        assert answer.status_code == 201, answer.text
        accepted += [item["transaction_id"] for item in answer.json()["transactions"]]
    return accepted


async def _workers(stack: Stack, count: int) -> None:
    """Returns once there are so many."""
    assert stack.data_dir is not None
    async with asyncio.timeout(60):
        while scaling.present(stack.data_dir).counts.worker != count:
            await asyncio.sleep(0.05)


async def test_a_spike_brings_workers_that_go_when_it_is_over(
    stack: Stack, scaler: Scaler, client: httpx.AsyncClient, database: Database
) -> None:
    # Given a stack with one worker, that an autoscaler looks at
    # When more comes in than one worker decides at once
    accepted = await _spike(client)
    # Then workers come, up to the maximum, and the queue is decided
    await _workers(stack, MOST)
    await drained(database)
    # And when it has been short for (scaled) thirty minutes, they go
    await _workers(stack, 1)
    # And all that was accepted is decided once
    async with database.connection() as connection:
        decided = await connection.fetch("SELECT transaction_id FROM decisions")
    assert sorted(str(row["transaction_id"]) for row in decided) == sorted(accepted)
    assert len(set(accepted)) == SPIKE * 1000
    # And each change is told with its reason, and counted
    until(lambda: scaler.told("scaled_by_rule")[-1]["after"] == 1, "the last change is told")
    changes = scaler.told("scaled_by_rule")
    assert [(one["before"], one["after"]) for one in changes] == [(1, 2), (2, 3), (3, 2), (2, 1)]
    assert [one["rule"] for one in changes] == ["HighQueueDepth"] * 2 + ["LowQueueDepth"] * 2
    for one in changes[:2]:
        assert one["reason"].startswith("queue depth ")
        assert " messages above 300 for " in one["reason"]
    shown = (await client.get(f"http://127.0.0.1:{scaler.metrics}/metrics")).text
    for direction in ("up", "down"):
        assert f'riskengine_autoscaler_actions_total{{direction="{direction}",kind="worker"}} 2.0' in shown
    assert 'riskengine_autoscaler_wanted{kind="worker"} 1.0' in shown


def test_a_second_one_may_look_and_not_act(stack: Stack, scaler: Scaler) -> None:
    # Given a stack that an autoscaler scales, when another is started
    second = subprocess.run(scaler.command, capture_output=True, text=True, check=False, timeout=60)
    # Then it says whose it is
    assert second.returncode == 2
    assert f"process {scaler.process.pid} scales the stack in {stack.data_dir} already" in second.stderr
    # But it may say what it sees, and what it would do
    looked = subprocess.run(
        [*scaler.command, "--dry-run", "--once"], capture_output=True, text=True, check=True, timeout=60
    )
    assert "api=1 worker=1" in looked.stdout
    for signal in ("queue_depth", "accepted_rate", "worker_cpu", "api_memory", "breakers"):
        row = next(line for line in looked.stdout.splitlines() if line.startswith(signal))
        assert "unknown" not in row
    assert "worker: nothing by LowQueueDepth (hold): queue depth 0 messages below 10 for " in looked.stdout


async def test_nothing_is_done_while_postgresql_is_away(stack: Stack, scaler: Scaler) -> None:
    before = len(scaler.told("scaled_by_rule"))
    # Given PostgreSQL that is away
    stack.postgres.stop()
    try:
        until(lambda: any(one["why"] == "away" for one in scaler.told("scaling_held")), "it says so")
    finally:
        stack.postgres.start()
    # Then nothing was done, and it goes on, until it is told to stop
    assert len(scaler.told("scaled_by_rule")) == before
    assert scaler.process.poll() is None
    scaler.process.terminate()
    assert scaler.process.wait(20) == 0
