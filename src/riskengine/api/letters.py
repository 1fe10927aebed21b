"""Dead letters over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from riskengine.api import access, letter_bodies, reading
from riskengine.api import cursor as cursors
from riskengine.api import letter_described as described
from riskengine.api.described import Described, shows
from riskengine.api.errors import TooLarge, Unsupported
from riskengine.api.letter_described import TakesDiscard, TakesReplay
from riskengine.api.letter_views import (
    CausesView,
    CauseView,
    DiscardedView,
    LettersView,
    LetterView,
    ReplayedView,
    WholeLetterView,
)
from riskengine.api.service import Service
from riskengine.domain.dead_letter import STATUSES
from riskengine.domain.errors import FieldError, InvalidInput, Malformed, NotFound
from riskengine.pipeline import dead_letters
from riskengine.pipeline.dead_letters import DeadLetters
from riskengine.storage import dead_letters as stored
from riskengine.storage.dead_letters import LAST, By, Selection

_WITH_A_BODY = (Malformed, TooLarge, Unsupported, InvalidInput)
_FILTERS = ("fingerprint", "error_class", "account_id", "from", "to")
_PAGED = (*_FILTERS, "status", "cursor", "limit")

Fingerprint = Annotated[str | None, QueryParameter(description="of this cause")]
ErrorClass = Annotated[str | None, QueryParameter(description="with an error of this class")]
AccountId = Annotated[str | None, QueryParameter(description="of this account")]
Since = Annotated[datetime | None, QueryParameter(name="from", description="made then or later")]
Until = Annotated[datetime | None, QueryParameter(name="to", description="made before then")]


class Letters(Controller):
    """Messages that nobody could decide."""

    path = "/dead-letters"
    tags = ("dead letters",)

    @get(
        "/",
        summary="Dead letters, newest first",
        operation_class=Described,
        responses=shows(200, LettersView, described.LETTERS, "A page of dead letters", InvalidInput),
    )
    async def page(
        self,
        *,
        request: Request[Any, Any, Any],
        service: NamedDependency[Service],
        fingerprint: Fingerprint = None,
        error_class: ErrorClass = None,
        account_id: AccountId = None,
        since: Since = None,
        until: Until = None,
        status: Annotated[str | None, QueryParameter(description=f"one of {', '.join(STATUSES)}")] = None,
        cursor: Annotated[str | None, QueryParameter(description="the `next_cursor` of the page before")] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=500, description="at most so many")] = 50,
    ) -> LettersView:
        """Those for which all conditions hold; a page ends with a cursor to the next."""
        reading.refuse_unknown(request.query_params.keys(), _PAGED)
        known = next((each for each in STATUSES if each == status), None)
        if status is not None and known is None:
            raise InvalidInput((FieldError("status", f"must be one of {', '.join(STATUSES)}"),))
        wanted = _selection(fingerprint, error_class, account_id, since, until)
        before = LAST if cursor is None else reading.place_of(cursor)
        wanted = msgspec.structs.replace(wanted, status=known)
        found = await stored.page(service.database, wanted, limit + 1, before)
        views = [LetterView.of(letter) for letter in found[:limit]]
        return LettersView(views, cursors.after(views[-1].letter_id) if len(found) > limit else None)

    @get(
        "/causes",
        summary="Why there are dead letters",
        operation_class=Described,
        responses=shows(200, CausesView, described.CAUSES, "The causes, the one seen last first", InvalidInput),
    )
    async def causes(
        self,
        *,
        request: Request[Any, Any, Any],
        service: NamedDependency[Service],
        fingerprint: Fingerprint = None,
        error_class: ErrorClass = None,
        account_id: AccountId = None,
        since: Since = None,
        until: Until = None,
    ) -> CausesView:
        """How many letters have the same fingerprint, how many of them are open, and the newest of them."""
        reading.refuse_unknown(request.query_params.keys(), _FILTERS)
        wanted = _selection(fingerprint, error_class, account_id, since, until)
        return CausesView([CauseView.of(cause) for cause in await stored.causes(service.reads, wanted)])

    @get(
        "/{letter_id:uuid}",
        summary="One dead letter",
        operation_class=Described,
        responses=shows(200, WholeLetterView, described.WHOLE_LETTER, "The letter", NotFound),
    )
    async def one(self, service: NamedDependency[Service], letter_id: FromPath[UUID]) -> WholeLetterView:
        """With where it failed, what would have decided, and the message, if it could not be read."""
        found = await stored.get(service.database, letter_id)
        if found is None:
            raise NotFound("no dead letter has this id")
        return WholeLetterView.of(found)

    @post(
        "/replay",
        status_code=200,
        summary="Replay dead letters",
        operation_class=TakesReplay,
        responses=shows(200, ReplayedView, described.REPLAYED, "What was done, and what was not", *_WITH_A_BODY),
    )
    async def replay(self, request: Request[Any, Any, Any], service: NamedDependency[Service]) -> ReplayedView:
        """Transactions are queued again at a rate, with all their tries before them. To say it again is harmless."""
        person = _person(request)
        sent = await letter_bodies.replay(request)
        letters = DeadLetters(service.database, service.queue.publish)
        by = By(person, sent.note)
        return ReplayedView.of(await letters.replay(sent.selection, by, most=sent.limit, rate=sent.rate))

    @post(
        "/discard",
        status_code=200,
        summary="Discard dead letters",
        operation_class=TakesDiscard,
        responses=shows(200, DiscardedView, described.DISCARDED, "What was done, and what was not", *_WITH_A_BODY),
    )
    async def discard(self, request: Request[Any, Any, Any], service: NamedDependency[Service]) -> DiscardedView:
        """Nothing is deleted: the letters are closed, and their transactions stay pending."""
        person = _person(request)
        sent = await letter_bodies.discard(request)
        letters = DeadLetters(service.database, service.queue.publish)
        return DiscardedView.of(await letters.discard(sent.selection, By(person, sent.note), most=sent.limit))


def _person(request: Request[Any, Any, Any]) -> str:
    """Who changes something, by the key that came. Raises Forbidden if it may not, however its path was spelled."""
    access.require(request.user, "admin")
    return str(request.user.person)


def _selection(
    fingerprint: str | None,
    error_class: str | None,
    account_id: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Selection:
    """The letters that parameters speak of. Raises InvalidInput."""
    wanted = Selection(
        fingerprint=fingerprint,
        error_class=error_class,
        account_id=account_id,
        since=0 if since is None else reading.ms("from", since),
        until=None if until is None else reading.ms("to", until),
    )
    dead_letters.check(wanted)
    return wanted
