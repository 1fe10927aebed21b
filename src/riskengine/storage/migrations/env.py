"""How Alembic reaches the database: through SQLAlchemy's asyncpg dialect, one migration run at a time."""

import asyncio
from functools import partial

import asyncpg
from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

_LOCK = 0x7269736C  # an advisory lock of PostgreSQL: of several processes that migrate at once, one works


def _migrate(connection: Connection) -> None:
    connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
    connection.commit()
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
    connection.commit()


async def _run() -> None:
    # asyncpg reads the address itself, as for all else: with several hosts, or with parameters for TLS
    connect = partial(asyncpg.connect, context.config.attributes["database_url"])
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate)
    finally:
        await engine.dispose()


asyncio.run(_run())
