"""`riskengine migrate`: the database's schema."""

import asyncio

from rich.console import Console

from riskengine.pipeline import starters
from riskengine.settings import direct_database_url


def command() -> None:
    """Bring the schema of DATABASE_URL to this version, and make partitions ahead. Running it again does no harm."""
    asyncio.run(starters.prepare(direct_database_url("migrate")))
    Console().print("The database is up to date.")
