"""A supervised process: its start, its end, and what follows its death."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from riskengine.stack.errors import StackError
from riskengine.stack.process import Process, Program, stop_all
from tests.stack.waiting import PATIENCE_S, until


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


SLEEPS = python("import time; print('ready', flush=True); time.sleep(600)")
DEAF = python(
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"
)
LEAVES = python("pass")
COMPLAINS = python("raise SystemExit('no room')")
SHELL = ("/bin/sh", "-c", "echo ready; sleep 600")


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Makes processes that run a program, and ends what is left of them."""
    made: list[Process] = []

    def make(
        arguments: tuple[str, ...], *, restart: bool = False, prepare: Callable[[], None] = lambda: None
    ) -> Process:
        log = tmp_path / "sample.log"
        program = Program(name="sample", arguments=arguments, directory=tmp_path, log=log, environment=os.environ)
        made.append(Process(program, restart=restart, prepare=prepare))
        return made[-1]

    yield make
    stop_all(made, 0.0)


def said_ready(process: Process) -> bool:
    return "ready" in process.program.log.read_text()


def test_it_is_alive_between_start_and_stop(supervised: Callable[..., Process]) -> None:
    process = supervised(SLEEPS)
    assert not process.alive
    process.start()
    process.wait_ready(lambda: said_ready(process), PATIENCE_S)
    assert process.alive
    assert os.getpgid(process.pid) == process.pid, "a group of its own, which Ctrl-C does not reach"
    process.stop(PATIENCE_S)
    assert not process.alive


def test_who_does_not_leave_is_killed(supervised: Callable[..., Process]) -> None:
    process = supervised(DEAF)
    process.start()
    process.wait_ready(lambda: said_ready(process), PATIENCE_S)
    process.stop(0.1)
    assert not process.alive


def test_a_failed_start_tells_what_the_program_said(supervised: Callable[..., Process]) -> None:
    process = supervised(COMPLAINS)
    process.start()
    with pytest.raises(StackError, match="no room"):
        process.wait_ready(lambda: False, PATIENCE_S)


def test_a_late_start_is_an_error(supervised: Callable[..., Process]) -> None:
    process = supervised(SLEEPS)
    process.start()
    with pytest.raises(StackError, match="not ready within"):
        process.wait_ready(lambda: False, 0.1)


def test_another_follows_the_killed(supervised: Callable[..., Process]) -> None:
    # Given a process to be kept running
    process = supervised(SLEEPS, restart=True)
    process.start()
    first = process.pid
    # When it is killed, then another one follows
    process.kill()
    until(lambda: process.pid != first and process.alive, "another process")
    # When that one is stopped, then none follows
    second = process.pid
    process.stop(PATIENCE_S)
    assert process.pid == second
    assert not process.alive


def test_none_follows_a_stop_during_the_pause_before_a_restart(supervised: Callable[..., Process]) -> None:
    process = supervised(LEAVES, restart=True)
    process.start()
    until(lambda: not process.alive, "its end")
    process.stop(PATIENCE_S)
    assert not process.alive


def test_another_follows_once_all_is_prepared(supervised: Callable[..., Process]) -> None:
    # Given a process that needs something done before each start, which fails the first time after its death
    tries: list[int] = []

    def prepare() -> None:
        tries.append(1)
        if len(tries) == 2:
            raise StackError("not yet")

    process = supervised(SLEEPS, restart=True, prepare=prepare)
    process.start()
    first = process.pid
    # When it is killed, then another follows, one try later
    process.kill()
    until(lambda: process.pid != first and process.alive, "another process")
    assert len(tries) == 3


def test_signals_ignored_by_python_are_not_ignored_by_the_program(supervised: Callable[..., Process]) -> None:
    process = supervised(SHELL)
    process.start()
    process.wait_ready(lambda: said_ready(process), PATIENCE_S)
    os.kill(process.pid, signal.SIGPIPE)
    until(lambda: not process.alive, "its end by SIGPIPE")
