"""`riskengine migrate`: the database's schema."""

import asyncio

from rich.console import Console

from riskengine.settings import database_url
from riskengine.storage import migrate


def command() -> None:
    """Bring the schema of DATABASE_URL to this version, and make partitions ahead. Running it again does no harm."""
    asyncio.run(migrate.upgrade(database_url()))
    Console().print("The database is up to date.")
