"""What commands on lists, snoozes and dead letters share: the database, and how changes are shown."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
import typer

from riskengine.cli.connecting import connect
from riskengine.pipeline.curating import Changed
from riskengine.storage.database import Database

Result = TypeVar("Result")


def run(work: Callable[[Database], Awaitable[Result]], name: str = "riskengine-lists") -> Result:
    """Does the work on the database of DATABASE_URL. Its news are the command's answer, and not logged as well.

    `name` is what pg_stat_activity shows.
    """

    async def connected() -> Result:
        database = await connect(name, most=2)
        try:
            return await work(database)
        finally:
            await database.close()

    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        return asyncio.run(connected())
    finally:
        structlog.configure(**before)


def show(changed: Changed) -> None:
    """Says what a change has made."""
    if not changed.added and not changed.removed:
        typer.echo(f"nothing to change; version {changed.version} of all lists holds")
        return
    typer.echo(f"{changed.added:,} added, {changed.removed:,} removed: version {changed.version} of all lists")
