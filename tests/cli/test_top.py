"""`riskengine top`: figures are those of what was sent, on any width, and the terminal is left as it was."""

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from riskengine.cli.top_view import View, spark
from riskengine.operations import frame
from riskengine.operations.board import Board
from riskengine.operations.looking import StackLooker, UrlLooker
from riskengine.operations.signals import Signal
from riskengine.stack.stack import Stack
from riskengine.stack.standing import Kind
from riskengine.storage import api_keys
from riskengine.storage.database import Database
from tests.promises.conftest import drained

TOP = (sys.executable, "-m", "riskengine", "top")
SENT = 40
ENTER, LEAVE, CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"


@pytest.fixture(scope="module")
async def client(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the stack's API with a key."""
    database = await Database.connect(stack.database_url, idle=0, most=1, name="test")
    key = await api_keys.create(database, "top", ("ingest", "read"))
    await database.close()
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=f"{stack.url}/api/v1", headers=headers, timeout=30) as client:
        yield client


async def send(stack: Stack, client: httpx.AsyncClient, first: int) -> None:
    """Sends SENT transactions, and returns when they are decided."""
    for number in range(first, first + SENT):
        body = {"account_id": f"top-{number % 7}", "amount": "12.50", "currency": "EUR"}
        (await client.post("/transactions", json=body)).raise_for_status()
    database = await Database.connect(stack.database_url, idle=0, most=1, name="test")
    await drained(database)
    await database.close()


def drawn(view: View, width: int) -> str:
    """What is printed on so wide a terminal."""
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


async def test_figures_are_those_of_what_was_sent(stack: Stack, client: httpx.AsyncClient) -> None:
    assert stack.data_dir is not None
    # Given looks before and after forty transactions, by the stack and by addresses
    ways = (
        StackLooker(stack.data_dir),
        UrlLooker([f"http://127.0.0.1:{p.port}/metrics" for p in stack.api + stack.workers]),
    )
    for looker in ways:
        await looker.look()
    await send(stack, client, 0)
    for looker in ways:
        seen = await looker.look()
        # When they are put together
        shown = frame.of(seen.looks, 1e9)
        window_s = seen.looks[-1].at_s - seen.looks[0].at_s
        # Then all is counted once, and everything that is shown is there
        assert shown.accepted is not None
        assert shown.decided is not None
        assert shown.accepted * window_s == pytest.approx(SENT)
        assert shown.decided * window_s == pytest.approx(SENT)
        assert sum(shown.outcomes.values()) == pytest.approx(shown.decided)
        assert 0 < shown.requests[0.50] <= shown.requests[0.95] <= shown.requests[0.99]
        assert 0 < shown.decisions[0.50] <= shown.decisions[0.99]
        assert [one.role for one in shown.processes] == [Kind.API, Kind.API, Kind.WORKER, Kind.WORKER]
        assert all(one.cpu is not None and one.memory is not None and one.memory > 1e7 for one in shown.processes)
        assert shown.breakers == {"model": 0, "postgresql": 0, "redis": 0}
        assert all(pool.most > 0 for pool in shown.pools.values())
        assert set(shown.pools) == {Kind.API, Kind.WORKER}
        assert shown.versions["ruleset"] == (1,)
        assert shown.dead_letters == 0
        assert {Signal.QUEUE_DEPTH, Signal.API_P95, Signal.DATABASE_CONNECTIONS} <= shown.signals.keys()


def test_one_picture_for_scripts(stack: Stack) -> None:
    done = subprocess.run(
        [*TOP, "--once", "--every", "0.5", "--data-dir", str(stack.data_dir)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "120"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"api-1 +\d+% +\d+ MiB", done.stdout)
    for words in ("accepted", "p99", "no alert", "postgresql closed", "ruleset 1", "LowQueueDepth"):
        assert words in done.stdout, words


@pytest.mark.parametrize("width", [30, 60, 100, 200])
async def test_it_fits_any_terminal(stack: Stack, width: int) -> None:
    assert stack.data_dir is not None
    board = Board(StackLooker(stack.data_dir))
    lines = drawn(View(await board.look()), width).splitlines()
    assert max(map(len, lines)) <= width
    assert any("worker-2" in line for line in lines)


def test_bars_are_relative_to_the_largest() -> None:
    assert spark([0, 1, 7, 3.5]) == "▁▂█▅"
    assert spark([0, 0]) == "▁▁"
    assert spark([]) == ""


def test_once_fails_where_nothing_is_to_be_seen(tmp_path: Path) -> None:
    command = [*TOP, "--once", "--every", "0.2", "--data-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"no stack runs in {tmp_path}" in " ".join(done.stdout.split()).replace(" / ", "/")


@pytest.mark.parametrize("told", ["q", signal.SIGINT, signal.SIGTERM])
def test_the_terminal_is_left_as_it_was(tmp_path: Path, told: str | signal.Signals) -> None:
    # Given top on a terminal, where nothing is to be seen
    ours, its = pty.openpty()
    before = termios.tcgetattr(its)
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    command = [*TOP, "--every", "0.2", "--data-dir", str(tmp_path)]
    top = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment)
    printed = _read_until(ours, b"trying on")
    # When it is told to leave
    if isinstance(told, str):
        os.write(ours, told.encode())
    else:
        top.send_signal(told)
    # Then it does, and screen, cursor and keys are as before
    assert top.wait(20) == 0
    printed += _read_until(ours, LEAVE)
    assert printed.index(ENTER) < printed.rindex(LEAVE)
    assert CURSOR in printed
    assert termios.tcgetattr(its) == before
    os.close(ours)
    os.close(its)


def _read_until(terminal: int, words: bytes) -> bytes:
    """What was printed, up to these words."""
    printed, patience = b"", time.monotonic() + 30
    while words not in printed:
        assert time.monotonic() < patience, printed
        if select.select([terminal], [], [], 1)[0]:
            printed += os.read(terminal, 65536)
    return printed
