"""`riskengine migrate`: the database's schema."""

import asyncio

from rich.console import Console

from riskengine.pipeline import starters
from riskengine.settings import database_url


def command() -> None:
    """Bring the schema of DATABASE_URL to this version, and make partitions ahead. Running it again does no harm."""
    asyncio.run(starters.prepare(database_url()))
    Console().print("The database is up to date.")
