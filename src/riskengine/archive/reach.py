"""How far back rows are needed in PostgreSQL: what is older may be archived."""

from riskengine.domain.clock import DAY
from riskengine.domain.month import Month
from riskengine.domain.release import Kind
from riskengine.scoring.features import catalogue as catalogues
from riskengine.scoring.records import CHANGE_REACH
from riskengine.storage import archives, releases, running
from riskengine.storage.database import Database


async def reach_ms(database: Database) -> int:
    """How long (ms) after it was accepted a transaction may be read again to decide another one.

    Histories are made again from twice the horizon of the catalogue that runs, so that much lateness fits.
    """
    runs = await running.get(database)
    content = await releases.content(database, Kind.CATALOGUE, runs.catalogue)
    return 2 * catalogues.load(content).horizon * DAY + CHANGE_REACH


async def last_archivable(database: Database, now_ms: int) -> Month:
    """The latest month of which no row is needed any more."""
    return Month.of(now_ms - await reach_ms(database)).plus(-1)


async def lacking(database: Database, now_ms: int) -> str:
    """What to tell of histories that are made again now: empty, unless they reach back into archived months."""
    end = await archives.end_ms(database)
    if now_ms - await reach_ms(database) >= end:
        return ""
    return (
        f"months up to {Month.of(end - 1)} are archived, and windows reach back into them: what was made lacks them;"
        " bring them back with `riskengine partitions restore`, and run this again"
    )
