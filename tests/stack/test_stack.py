"""The whole stack: up with one call, down with one signal, and nothing left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from riskengine.stack import ports
from riskengine.stack.errors import StackError
from riskengine.stack.stack import Stack
from tests.stack.waiting import until

STOP_TIMEOUT_S = 10


@pytest.fixture
def command(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`riskengine up`, which has said that it is up."""
    arguments = [
        "up",
        "--api",
        "1",
        "--workers",
        "1",
        "--port",
        str(ports.free()),
        "--data-dir",
        str(tmp_path / "data"),
    ]
    process = subprocess.Popen([sys.executable, "-m", "riskengine", *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "Ctrl-C" in "".join(process.stdout.readline() for _ in range(3))
    yield process
    process.kill()
    process.communicate()


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() for process in processes)


def test_it_is_ready_through_the_balancer(stack: Stack) -> None:
    assert httpx.get(f"{stack.url}/health/ready").status_code == 200
    assert [process.name for process in stack.processes] == [
        "postgresql",
        "valkey",
        "worker-1",
        "worker-2",
        "api-1",
        "api-2",
        "balancer",
    ]
    assert all(process.alive for process in stack.processes)


def test_it_tells_other_commands_its_addresses(stack: Stack) -> None:
    assert stack.data_dir is not None
    addresses = stack.data_dir / "env"
    assert addresses.stat().st_mode & 0o777 == 0o600
    expected = {"DATABASE_URL": stack.database_url, "DATABASE_REPLICA_URLS": "", "DATABASE_POOLER": "none"}
    expected["REDIS_URL"] = stack.redis_url
    assert dict(line.split("=", 1) for line in addresses.read_text().splitlines()) == expected


def test_killed_processes_come_back_and_requests_go_round_them(stack: Stack) -> None:
    # Given the processes of an API replica and a worker
    victims = [stack.api[0].process, stack.workers[0].process]
    before = [victim.pid for victim in victims]
    # When both are killed
    for victim in victims:
        victim.kill()
    # Then the API still answers, and others take their places
    assert httpx.get(f"{stack.url}/health/ready", timeout=20).status_code == 200
    until(lambda: all(victim.alive for victim in victims), "new processes")
    assert all(victim.pid != pid for victim, pid in zip(victims, before, strict=True))


def test_a_second_stack_in_the_directory_is_refused(stack: Stack) -> None:
    with pytest.raises(StackError, match="runs a stack in"), Stack(stack.data_dir):
        pass


def test_a_port_in_use_is_named_before_anything_starts(stack: Stack, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with (
        pytest.raises(StackError, match=f"port {stack.balancer.port} .* --port"),
        Stack(data_dir, port=stack.balancer.port),
    ):
        pass
    assert not data_dir.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_everything(command: subprocess.Popen[str], number: signal.Signals) -> None:
    # Given a running stack
    started = descendants(command)
    assert len(started) > 5
    # When it is asked once to leave
    command.send_signal(number)
    # Then it leaves in good time, without complaint, and alone
    assert command.wait(STOP_TIMEOUT_S) == 0
    assert gone(started)


def test_nothing_outlives_a_kill_and_the_data_is_kept(command: subprocess.Popen[str], tmp_path: Path) -> None:
    # Given a running stack that is killed
    started = descendants(command)
    os.kill(command.pid, signal.SIGKILL)
    command.wait()
    # Then all its processes end
    until(lambda: gone(started), "the end of its processes")
    # And the next one starts in the same directory
    with Stack(tmp_path / "data", api=1, workers=1) as successor:
        assert httpx.get(f"{successor.url}/health/ready").status_code == 200
    assert not any(process.alive for process in successor.processes)
