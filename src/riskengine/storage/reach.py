"""How connections to a PostgreSQL are made: directly, or through a pooler."""

from typing import Any

import msgspec


class Reach(msgspec.Struct, frozen=True):
    """What there is to know of a server beside its address.

    `setting` is where the address comes from, and what an error tells to correct. `pooled`: through a pooler that gives
    a connection to each transaction anew (PgBouncer in transaction mode), so that nothing of a session outlives one.
    """

    setting: str = "DATABASE_URL"
    pooled: bool = False

    def options(self, name: str) -> dict[str, Any]:
        """What asyncpg is to be told for a connection that pg_stat_activity shows under that name.

        Behind a pooler the next statement meets another session, which has prepared nothing; and a session is refused
        that asks for what the pooler does not know (`jit`: the database is to have it off, docs/scale.md).
        """
        if self.pooled:
            return {"statement_cache_size": 0, "server_settings": {"application_name": name}}
        return {"server_settings": {"application_name": name, "jit": "off"}}


DIRECT = Reach()
"""DATABASE_URL without a pooler."""
