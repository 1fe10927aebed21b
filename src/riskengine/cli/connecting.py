"""How a command reaches PostgreSQL."""

from riskengine.settings import database_url, pooled
from riskengine.storage.database import Database
from riskengine.storage.reach import Reach


async def connect(name: str, most: int = 1) -> Database:
    """The database of DATABASE_URL, by up to so many connections; `name` is what pg_stat_activity shows.

    Raises Unavailable if it does not answer, and ConfigurationError if it refuses.
    """
    return await Database.connect(database_url(), idle=1, most=most, name=name, reach=Reach(pooled=pooled()))
