"""What commands on releases share: the database, who acts, and how refusals are shown."""

import asyncio
import getpass
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Annotated, NoReturn, TypeVar

import structlog
import typer
from rich.console import Console

from riskengine import wiring
from riskengine.cli.connecting import connect
from riskengine.domain.errors import InvalidInput
from riskengine.domain.metadata import storable
from riskengine.pipeline import backfill
from riskengine.pipeline.publishing import Publishing
from riskengine.resilience import redis as connections
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.settings import approval_required, redis_url, stream_partitions

Result = TypeVar("Result")

LONGEST = 1000
"""Characters of a note, and of a name: as over HTTP."""

Note = Annotated[str, typer.Option("--note", help="Why; kept for good.", show_default=False)]
By = Annotated[str | None, typer.Option("--by", help="Who does this; by default the user of this system.")]


def run(work: Callable[[Publishing], Awaitable[Result]]) -> Result:
    """Does the work on the database of DATABASE_URL. What is not fit is shown whole, and ends the command with 1."""
    try:
        with _without_news():
            return asyncio.run(_connected(work))
    except InvalidInput as error:
        refuse(error)


def refuse(error: InvalidInput) -> NoReturn:
    """Shows all that is wrong, and ends the command with 1."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"{error}", style="red", markup=False)
    raise typer.Exit(1)


def person(by: str | None) -> str:
    """Who acts. Raises BadParameter if that cannot be told."""
    if by is None:
        try:
            by = getpass.getuser()
        except (KeyError, OSError):
            by = ""
    return _text("--by", by)


def reason(note: str) -> str:
    """A note that can be kept. Raises BadParameter."""
    return _text("--note", note)


def _text(option: str, text: str) -> str:
    if not 0 < len(text) <= LONGEST or not storable(text):
        raise typer.BadParameter(f"give a text of 1 to {LONGEST} characters", param_hint=option)
    return text


@contextmanager
def _without_news() -> Iterator[None]:
    """What processes log in passing is printed here as the command's own answer; faults are still logged."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        yield
    finally:
        structlog.configure(**before)


async def _cold(catalogue: Catalogue) -> Collection[str]:
    """Which features are not filled: Valkey is asked only when this is."""
    redis = connections.connect(redis_url(), "riskengine-releases")
    try:
        return await backfill.cold(wiring.histories_in(redis, stream_partitions()), catalogue)
    finally:
        await redis.aclose()


async def _connected(work: Callable[[Publishing], Awaitable[Result]]) -> Result:
    database = await connect("riskengine-releases", most=2)
    try:
        builder, approval = wiring.builder(database), approval_required()
        return await work(Publishing(database, builder, approval=approval, cold_features=_cold))
    finally:
        await database.close()
