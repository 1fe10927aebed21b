"""Comparing rollups with what a full scan says."""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from riskengine.storage import rollups
from riskengine.storage.database import Database

MOST_DIFFERENCES = 20
"""Cells that are told of; the others are only counted."""


class Difference(msgspec.Struct, frozen=True):
    """A cell that is counted as one thing and scanned as another: count, and sums. None: no such cell."""

    cell: str
    counted: str | None
    scanned: str | None


class RollupReport(msgspec.Struct, frozen=True):
    """What a comparison found. Of `months` all cells were compared: `cells` in all, of which `different` differ.

    `foreign`: the database came from another server since. `filling`: what was there before is still being added.
    """

    months: Sequence[str]
    cells: int
    different: int
    differences: Sequence[Difference]
    foreign: bool
    filling: bool

    @property
    def sound(self) -> bool:
        """Whether the rollups are what they should be, and will be."""
        return not (self.different or self.foreign or self.filling)


async def compare(database: Database) -> RollupReport:
    """Compares the rollups of all months that have partitions, on one snapshot. Raises Unavailable."""
    cells, different = 0, 0
    differences: list[Difference] = []
    async with (
        database.connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        stand = await rollups.stand(connection)
        months = stand.attached or ()
        for month in months:
            start = date(int(month[:4]), int(month[5:]), 1)
            end = (start + timedelta(days=31)).replace(day=1)
            counted = await rollups.counted(connection, stand.generation, start, end)
            scanned = await rollups.scanned(connection, stand.position, start, end)
            cells += len(counted.keys() | scanned.keys())
            found = _differences(counted, scanned)
            different += len(found)
            differences += found[: MOST_DIFFERENCES - len(differences)]
    return RollupReport(months, cells, different, differences, stand.foreign, not stand.whole)


def _differences(counted: dict[str, str], scanned: dict[str, str]) -> list[Difference]:
    return [
        Difference(cell, counted.get(cell), scanned.get(cell))
        for cell in sorted(counted.keys() | scanned.keys())
        if counted.get(cell) != scanned.get(cell)
    ]
