"""The months that have tables in PostgreSQL, whether or not queries see them."""

from collections.abc import Mapping

import msgspec

from riskengine.domain.month import Month
from riskengine.storage import partitions, queries
from riskengine.storage.database import Connection, Database, Row

DETACH_TIMEOUT = 600.0
"""Seconds to wait until no statement that began before uses the partition."""

LOCK_TIMEOUT = "10s"
"""How long attaching and dropping wait for a lock, while which others queue behind them."""


class Partition(msgspec.Struct, frozen=True):
    """A table of a month: `attached` if queries see it, `detaching` if that was begun and interrupted.

    `rows` are the server's estimate, `size` its bytes on disk with indexes.
    """

    parent: str
    month: Month
    attached: bool
    detaching: bool
    rows: int
    size: int

    @property
    def name(self) -> str:
        """The table's name."""
        return partitions.table(self.parent, self.month)


Tables = Mapping[str, Partition]
"""The tables of a month that there are, by the name of their parent."""


async def every(database: Database) -> dict[Month, Tables]:
    """All months that have a table, oldest first."""
    found: dict[Month, dict[str, Partition]] = {}
    for row in await database.fetch("partition_states"):
        partition = _from_row(row)
        found.setdefault(partition.month, {})[partition.parent] = partition
    return dict(found)


async def of(database: Database, month: Month) -> Tables:
    """The tables of a month; empty if it has none."""
    return (await every(database)).get(month, {})


async def count(connection: Connection, table: str) -> int:
    """How many rows the table has: it reads them all."""
    return int(await connection.fetchval(f"SELECT count(*) FROM ONLY {table}", timeout=DETACH_TIMEOUT))


async def pending(database: Database, month: Month) -> int:
    """How many transactions of the month are not decided, those that dead letters hold included."""
    row = await database.fetch_one("partition_pending", month.start, month.plus(1).start)
    return 0 if row is None else int(row["count"])


async def detach(connection: Connection, partition: Partition) -> None:
    """Takes a table out of what queries see, without keeping any of them waiting. What was begun is finished.

    PostgreSQL leaves a constraint behind, by which attaching it again needs not to read it.
    """
    how = "FINALIZE" if partition.detaching else "CONCURRENTLY"
    statement = f"ALTER TABLE {partition.parent} DETACH PARTITION {partition.name} {how}"
    await connection.execute(statement, timeout=DETACH_TIMEOUT)


async def attach(connection: Connection, parent: str, month: Month) -> None:
    """Has queries see a table again. Within the connection's transaction.

    A constraint that says the same as the partition's bounds spares reading the table under the lock.
    """
    name, bounds = partitions.table(parent, month), _bounds(month)
    await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    await connection.execute(
        f"ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ('{bounds[0]}') TO ('{bounds[1]}')",
        timeout=DETACH_TIMEOUT,
    )
    for row in await connection.fetch(queries.text("partition_constraints"), name):
        await connection.execute(f'ALTER TABLE {name} DROP CONSTRAINT "{row["name"]}"')


async def make(connection: Connection, parent: str, month: Month) -> str:
    """Makes an empty table for a month, that no query sees yet, and with the constraint that attaching wants.

    Within the connection's transaction. Returns its name.
    """
    name, bounds = partitions.table(parent, month), _bounds(month)
    await connection.execute(
        f"CREATE TABLE {name} (LIKE {parent} INCLUDING ALL, CONSTRAINT {name}_month CHECK"
        f" (created_at >= '{bounds[0]}' AND created_at < '{bounds[1]}')) {partitions.STORAGE}"
    )
    return name


async def drop(connection: Connection, month: Month) -> None:
    """Deletes the tables of a month. Within the connection's transaction."""
    names = ", ".join(partitions.table(parent, month) for parent in partitions.PARENTS)
    await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    await connection.execute(f"DROP TABLE IF EXISTS {names}")


def _bounds(month: Month) -> tuple[str, str]:
    return month.start.isoformat(), month.plus(1).start.isoformat()


def _from_row(row: Row) -> Partition:
    year, number = row["month"].split("_")
    return Partition(
        parent=row["parent"],
        month=Month(int(year), int(number)),
        attached=row["attached"],
        detaching=row["detaching"],
        rows=row["rows"],
        size=row["size"],
    )
