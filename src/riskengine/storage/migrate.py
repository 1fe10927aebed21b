"""Brings a database's schema to this version, with Alembic; concurrent runs wait for one another."""

import asyncio
from importlib import resources

from alembic import command
from alembic.config import Config

from riskengine.domain import clock
from riskengine.storage import partitions
from riskengine.storage.database import Database


async def upgrade(database_url: str) -> None:
    """Runs what migrations are missing and makes the partitions ahead. Safe to run again, and by several at once.

    Raises Unavailable or ConfigurationError if PostgreSQL does not answer or refuses.
    """
    database = await Database.connect(database_url, idle=1, most=1, name="riskengine-migrate")
    try:
        await asyncio.to_thread(_alembic_upgrade, database_url)
        await partitions.ensure_ahead(database, clock.now_ms())
    finally:
        await database.close()


def _alembic_upgrade(database_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(resources.files("riskengine.storage").joinpath("migrations")))
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")
