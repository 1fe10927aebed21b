"""All months at a glance: where their rows are, how many, and how much room they take."""

from typing import Literal

import msgspec

from riskengine.domain.month import Month
from riskengine.storage import archives, months, partitions
from riskengine.storage.archives import Archive
from riskengine.storage.database import Database
from riskengine.storage.months import Partition, Tables

State = Literal["live", "detached", "archived", "interrupted", "missing"]
"""`live`: queries see it. `detached`: archived, and its tables are still there. `archived`: only the files are.
`interrupted`: archiving or making it stopped half-way; the same command again goes on. `missing`: it should have been
made ahead.
"""


class Overview(msgspec.Struct, frozen=True):
    """A month: `bytes` are on PostgreSQL's disk, indexes included; rows are estimates unless they were counted."""

    month: str
    state: State
    transactions: int
    decisions: int
    bytes: int
    archived_to: str | None
    manifest_sha256: str | None


async def overview(database: Database, now_ms: int, *, exact: bool = False) -> list[Overview]:
    """All months that have rows, an archive or partitions, and those that lack them. `exact` reads all rows."""
    tables = await months.every(database)
    archived = {archive.month: archive for archive in await archives.every(database)}
    ahead = {Month.of(now_ms).plus(n) for n in range(partitions.MONTHS_AHEAD + 1)}
    found = []
    for month in sorted(tables.keys() | archived.keys() | ahead):
        held, noted = tables.get(month, {}), archived.get(month)
        rows = {parent: await _rows(database, held.get(parent), noted, parent, exact) for parent in partitions.PARENTS}
        found.append(
            Overview(
                month=str(month),
                state=_state(held, noted),
                transactions=rows["transactions"],
                decisions=rows["decisions"],
                bytes=sum(table.size for table in held.values()),
                archived_to=str(noted.directory) if noted else None,
                manifest_sha256=noted.manifest_sha256 if noted else None,
            )
        )
    return found


def _state(held: Tables, noted: Archive | None) -> State:
    if not held:
        return "archived" if noted else "missing"
    attached = [table.attached for table in held.values()]
    if len(held) < len(partitions.PARENTS) or any(table.detaching for table in held.values()):
        return "interrupted"
    if all(attached):
        return "interrupted" if noted else "live"
    return "interrupted" if any(attached) else "detached"


async def _rows(database: Database, table: Partition | None, noted: Archive | None, parent: str, exact: bool) -> int:
    """What the archive says where there is one; else the server's estimate, or a count."""
    if noted is not None:
        return noted.transactions if parent == "transactions" else noted.decisions
    if table is None:
        return 0
    if not exact:
        return table.rows
    async with database.connection() as connection:
        return await months.count(connection, table.name)
