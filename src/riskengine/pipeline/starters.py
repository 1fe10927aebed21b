"""What runs in a new database: version 1 of everything, and the lists, as shipped."""

from importlib import resources

import structlog

from riskengine.pipeline import curating
from riskengine.storage import migrate
from riskengine.storage.database import Database

PUBLISHER = "riskengine"
"""Who publishes it."""

_VERSION = 1
_log = structlog.get_logger()


async def prepare(database_url: str) -> None:
    """Brings a database to this version: its schema, and something that runs. Several may do so at once, and again.

    Raises Unavailable or ConfigurationError if PostgreSQL does not answer or refuses.
    """
    await migrate.upgrade(database_url)
    database = await Database.connect(database_url, idle=1, most=1, name="riskengine-migrate")
    try:
        await publish(database)
    finally:
        await database.close()


async def publish(database: Database) -> None:
    """Publishes what is shipped, if nothing runs yet."""
    await curating.ensure_starter(database, PUBLISHER)
    data = resources.files("riskengine.scoring") / "data"
    shipped = [(data / f"{name}.yaml").read_bytes() for name in ("starter_rules", "catalogue", "rates")]
    numbered = [argument for content in shipped for argument in (_VERSION, content)]
    if await database.fetch("release_starters", PUBLISHER, *numbered):
        _log.info("starters_published")
