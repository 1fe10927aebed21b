"""Hearing from PostgreSQL that what runs has changed."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import asyncpg

CHANNEL = "riskengine_running"
"""Where changes of what runs are told (running_change.sql)."""

CONNECT_TIMEOUT = 5.0
"""Seconds to wait for a connection."""

CLOSE_TIMEOUT = 1.0
"""Seconds to wait for PostgreSQL to say goodbye."""

_GONE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


async def listen(url: str, name: str, changed: Callable[[], None]) -> None:
    """Calls `changed` at each change, on a connection of its own; returns when that is lost or cannot be made.

    It is called at the beginning, too, for what was missed. `name` is what pg_stat_activity shows.
    """
    lost = asyncio.Event()
    with suppress(*_GONE):
        connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT, server_settings={"application_name": name})
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, lambda *_: changed())
            changed()
            await lost.wait()
        finally:
            if not connection.is_closed():
                await connection.close(timeout=CLOSE_TIMEOUT)
