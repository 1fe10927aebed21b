"""`python -m benchmarks.months`: each statement on 20 million transactions in 12 months, hot reads at three sizes."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import msgspec
from rich.console import Console

from benchmarks import month_fill, month_page, month_queries, month_reads
from benchmarks.month_fill import Filled
from benchmarks.month_page import Months, Reviewed
from benchmarks.month_plans import explain
from riskengine import logs
from riskengine.capacity.calibration import Machine
from riskengine.stack.postgres import Postgres

ROWS = 20_000_000
SMALLER = (1 / 200, 1 / 20)
"""The other sizes at which reads are timed, as shares of the rows."""

QUICK = [1_200, 12_000]
"""The sizes that show that everything runs, and no more."""

READS, QUICK_READS = 500, 50
"""How many of each read are timed."""


def sizes(rows: int) -> list[int]:
    """The sizes of the databases of which the largest has so many rows."""
    return [*(int(rows * share) for share in SMALLER), rows]


async def run(directory: Path, wanted: Sequence[int], reads: int, console: Console) -> Months:
    """Fills databases in the directory, and measures on them. Raises what PostgreSQL raises."""
    server = Postgres(directory, settings=month_fill.THROW_AWAY)
    server.start()
    try:
        urls = [server.url(f"months_{place}") for place in range(len(wanted))]
        for place, size in enumerate(wanted):
            filled = await _filled(server, urls[place], directory / f"filled_{place}.json", size)
            console.print(f"{size:,} rows: {filled.size / 2**30:.1f} GiB in {filled.seconds:.0f} s")
        timed = await month_reads.reads(urls, wanted, reads)
        reviewed = await review(urls[-1])
        gains = await month_reads.gains(urls[-1])
    finally:
        server.stop(60.0)
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return Months(date, Machine.here(), wanted[-1], filled.size, filled.seconds, timed, reviewed, gains)


async def review(url: str) -> list[Reviewed]:
    """Each statement's plan on a filled database."""
    connection = await asyncpg.connect(url, server_settings={"jit": "off"}, command_timeout=600)
    try:
        cases = month_queries.cases(await month_queries.known(connection))
        found = []
        for case in cases:
            await explain(connection, case.query, case.arguments)  # so that each is timed with its pages in memory
            plan = await explain(connection, case.query, case.arguments)
            found.append(Reviewed(case.query, case.what, plan, month_page.fault(case, plan)))
        return found
    finally:
        await connection.close()


async def _filled(server: Postgres, url: str, note: Path, size: int) -> Filled:
    """A database of that size: one that was filled before, if the note of it is there, else a new one."""
    if (before := _noted(note)) is not None:
        return before
    connection = await asyncpg.connect(server.url("postgres"))
    try:
        await connection.execute(f"CREATE DATABASE {url.rpartition('/')[2]}")
    finally:
        await connection.close()
    filled = await month_fill.fill(url, size)
    _note(note, filled)
    return filled


def _noted(note: Path) -> Filled | None:
    return msgspec.json.decode(note.read_bytes(), type=Filled) if note.exists() else None


def _note(note: Path, filled: Filled) -> None:
    note.write_bytes(msgspec.json.encode(filled))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.months", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="transactions, in 12 months (1 GB a million)")
    parser.add_argument("--quick", action="store_true", help="a few rows: shows that everything runs, and no more")
    parser.add_argument("--output", type=Path, help="where the figures go, as JSON")
    parser.add_argument("--page", type=Path, help="where the page of figures goes")
    parser.add_argument("--keep", type=Path, help="directory in which the databases stay, to be measured on again")
    given = parser.parse_args(arguments)
    logs.configure("error", "console")
    console = Console(highlight=False)
    wanted, reads = (QUICK, QUICK_READS) if given.quick else (sizes(given.rows), READS)
    with tempfile.TemporaryDirectory(prefix="riskengine-months-") as directory:
        months = asyncio.run(run(given.keep or Path(directory), wanted, reads, console))
    if given.output is not None:
        given.output.write_bytes(msgspec.json.format(msgspec.json.encode(months), indent=2) + b"\n")
    if given.page is not None:
        given.page.write_text(month_page.page(months))
    console.print(month_page.page(months), markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
