"""`riskengine dlq`: the dead letters, messages that nobody could decide."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer
from msgspec import structs

from riskengine.cli import letter_report, moments
from riskengine.cli.list_session import run
from riskengine.cli.release_session import By, Note, person, reason
from riskengine.domain.dead_letter import STATUSES
from riskengine.domain.errors import NotFound
from riskengine.pipeline.dead_letters import (
    DEFAULT_MOST,
    DEFAULT_RATE,
    HIGHEST_RATE,
    LARGEST_MOST,
    LEAST_RATE,
    DeadLetters,
    check,
)
from riskengine.resilience import redis as connections
from riskengine.settings import redis_url, stream_partitions
from riskengine.storage import dead_letters
from riskengine.storage.database import Database
from riskengine.storage.dead_letters import By as Actor
from riskengine.storage.dead_letters import Selection
from riskengine.streaming.partitioned_stream import PartitionedStream
from riskengine.streaming.queue import Outgoing

NAME = "riskengine-dlq"


class StatusName(StrEnum):
    """Where a letter stands."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"
    DECIDED = "decided"


Letters = Annotated[list[UUID] | None, typer.Argument(help="Letters, by their ids.", show_default=False)]
Cause = Annotated[str | None, typer.Option(help="Those of a cause, as `stats` shows it.")]
Error = Annotated[str | None, typer.Option(help="Those with an error of this class.")]
Account = Annotated[str | None, typer.Option(help="Those of an account.")]
From = Annotated[str | None, typer.Option("--from", help=f"Made then or later: {moments.WANTED_PAST}.")]
To = Annotated[str | None, typer.Option("--to", help=f"Made before then: {moments.WANTED_PAST}.")]
All = Annotated[bool, typer.Option("--all", help="All that are open.")]
Most = Annotated[int, typer.Option("--limit", min=1, max=LARGEST_MOST, help="At most so many.")]

app = typer.Typer(no_args_is_help=True, add_completion=False, help="See, replay and discard dead letters.")


@app.command("list")
def show_page(
    *,
    status: Annotated[StatusName | None, typer.Option(help="Those that stand there.")] = None,
    cause: Cause = None,
    error: Error = None,
    account: Account = None,
    since: From = None,
    until: To = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
) -> None:
    """Show dead letters, newest first."""
    known = next((each for each in STATUSES if each == status), None)
    wanted = structs.replace(_filter(cause, error, account, since, until), status=known)
    found = run(lambda database: dead_letters.page(database, wanted, limit + 1), NAME)
    letter_report.page(found[:limit], more=len(found) > limit)


@app.command()
def show(letter: Annotated[UUID, typer.Argument(help="The letter's id.")]) -> None:
    """Show one dead letter, with all that is known of it."""
    found = run(lambda database: dead_letters.get(database, letter), NAME)
    if found is None:
        raise NotFound(f"no dead letter has the id {letter}; `riskengine dlq list` shows those there are")
    letter_report.whole(found)


@app.command()
def stats() -> None:
    """Show why there are dead letters: by cause, the one seen last first."""
    letter_report.causes(run(lambda database: dead_letters.causes(database, Selection()), NAME))


@app.command()
def replay(
    letters: Letters = None,
    *,
    cause: Cause = None,
    error: Error = None,
    account: Account = None,
    since: From = None,
    until: To = None,
    everything: All = False,
    rate: Annotated[float, typer.Option(min=LEAST_RATE, max=HIGHEST_RATE, help="So many a second.")] = DEFAULT_RATE,
    limit: Most = DEFAULT_MOST,
    note: Note = "",
    by: By = None,
) -> None:
    """Have dead letters decided after all: their transactions are queued again. To say it again is harmless.

    Only to put back messages that could not be read REDIS_URL is needed.
    """
    wanted = _meant(letters, _filter(cause, error, account, since, until), everything=everything)
    actor = Actor(person(by), note and reason(note))
    done = run(lambda database: DeadLetters(database, _publish).replay(wanted, actor, most=limit, rate=rate), NAME)
    letter_report.replayed(done, rate)


@app.command()
def discard(
    letters: Letters = None,
    *,
    cause: Cause = None,
    error: Error = None,
    account: Account = None,
    since: From = None,
    until: To = None,
    everything: All = False,
    limit: Most = DEFAULT_MOST,
    note: Note,
    by: By = None,
) -> None:
    """Close dead letters. Nothing is deleted, and their transactions stay pending."""
    wanted = _meant(letters, _filter(cause, error, account, since, until), everything=everything)
    actor = Actor(person(by), reason(note))

    async def work(database: Database) -> None:
        letter_report.discarded(await DeadLetters(database, _publish).discard(wanted, actor, most=limit))

    run(work, NAME)


def _filter(
    cause: str | None, error: str | None, account: str | None, since: str | None, until: str | None
) -> Selection:
    """The letters that filters speak of. Raises BadParameter and InvalidInput."""
    wanted = Selection(
        fingerprint=cause,
        error_class=error,
        account_id=account,
        since=0 if since is None else moments.read_past("--from", since),
        until=None if until is None else moments.read_past("--to", until),
    )
    check(wanted)
    return wanted


def _meant(letters: list[UUID] | None, filtered: Selection, *, everything: bool) -> Selection:
    """The letters that are meant. Raises BadParameter if that is not said, or said twice."""
    wanted = structs.replace(filtered, letter_ids=tuple(letters)) if letters else filtered
    if wanted.everything and not everything:
        raise typer.BadParameter("say which letters: by id, by a filter such as --cause, or --all")
    if everything and not wanted.everything:
        raise typer.BadParameter("leave out --all, or what narrows it", param_hint="--all")
    return wanted


async def _publish(items: Sequence[Outgoing]) -> None:
    """Puts messages on the streams of REDIS_URL."""
    partitions = stream_partitions()
    redis = connections.connect(redis_url(), NAME)
    try:
        await PartitionedStream(redis, partitions).publish(items)
    finally:
        await redis.aclose()
