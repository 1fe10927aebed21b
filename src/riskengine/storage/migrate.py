"""Brings a database's schema to this version, with Alembic; concurrent runs wait for one another."""

import asyncio
from importlib import resources

import msgspec
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from riskengine.domain import clock
from riskengine.storage import partitions
from riskengine.storage.database import Database


class Schema(msgspec.Struct, frozen=True):
    """The migration that a database is `at`, the last one of this version, and whether the database is `newer`.

    `pending` are those it lacks, in their order: number and what they are about.
    """

    at: str | None
    head: str
    newer: bool
    pending: tuple[str, ...]


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


async def standing(database: Database) -> Schema:
    """How a database's schema stands to this version. Raises Unavailable, and ConfigurationError if there is none."""
    row = await database.fetch_one("schema_version")
    present = None if row is None else row["version_num"]
    scripts = list(ScriptDirectory.from_config(_config()).walk_revisions())  # the newest first
    known = [script.revision for script in scripts]
    newer = present is not None and present not in known
    lacking = [] if newer else scripts[: known.index(present) if present is not None else None]
    pending = tuple(f"{script.revision} ({script.doc.rstrip('.')})" for script in reversed(lacking))
    return Schema(present, known[0], newer, pending)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("riskengine.storage").joinpath("migrations")))
    return config


def _alembic_upgrade(database_url: str) -> None:
    config = _config()
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")
