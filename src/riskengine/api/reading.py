"""What is read: transactions, decisions, accounts."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from riskengine.api import cursor as cursors
from riskengine.api import examples, routes
from riskengine.api.described import Described, shows
from riskengine.api.errors import DecisionPending, UnknownAccount
from riskengine.api.explaining import explained
from riskengine.api.intake import text_of
from riskengine.api.service import Service
from riskengine.api.views import AccountView, DecisionView, PageView, TransactionView
from riskengine.domain import clock
from riskengine.domain.errors import Archived, FieldError, InvalidInput, NotFound
from riskengine.domain.metadata import storable
from riskengine.domain.outcome import STATUS_OF_OUTCOME, Outcome, Status
from riskengine.domain.shape import shown
from riskengine.storage import accounts, archives, records
from riskengine.storage.records import LAST_TIME, Filter

_TIME = "RFC 3339 with an offset, such as 2026-01-31T12:00:00Z"
_WANTED = {
    "account_id": "must be text in UTF-8, without NUL characters",
    "status": f"must be one of {', '.join(Status)}",
    "outcome": f"must be one of {', '.join(Outcome)}",
    "from": f"must be {_TIME}",
    "to": f"must be {_TIME}",
    "cursor": "must be the next_cursor of a page, unchanged",
    "limit": "must be a number from 1 to 500",
}
"""The parameters of a list, and what each must be."""

_SENT_AS = {"since": "from", "until": "to"}
"""Parameters that have another name in Python."""

_OUTCOMES = {status: outcome for outcome, status in STATUS_OF_OUTCOME.items()}
"""The outcome that a status stands for; none for pending."""


@get(
    "/transactions/{transaction_id:uuid}",
    summary="One transaction",
    operation_class=Described,
    responses=shows(200, TransactionView, examples.TRANSACTION, "The transaction", NotFound, Archived),
)
async def transaction(service: NamedDependency[Service], transaction_id: FromPath[UUID]) -> TransactionView:
    """What was sent, and what was decided."""
    record = await service.lookups.record(transaction_id)
    if record is None:
        raise await _missing(service, transaction_id)
    return TransactionView.of(record)


@get(
    "/transactions/{transaction_id:uuid}/decision",
    summary="The decision on a transaction",
    operation_class=Described,
    responses=shows(200, DecisionView, examples.DECISION, "The decision", DecisionPending, Archived),
)
async def decision(service: NamedDependency[Service], transaction_id: FromPath[UUID]) -> DecisionView:
    """What was decided, and why. While the transaction is pending: 404 with Retry-After."""
    found = await service.lookups.decided(transaction_id)
    if found is None:
        raise await _missing(service, transaction_id)
    if found.decision is None:
        raise DecisionPending
    engine = await service.engines.of(found.decision.verdict.versions)
    return await explained(service.database, engine, found.decision, found.transaction)


@get(
    "/transactions",
    summary="Transactions, newest first",
    operation_class=Described,
    responses=shows(200, PageView, examples.PAGE, "A page of transactions", InvalidInput),
)
async def page(
    *,
    request: Request[Any, Any, Any],
    service: NamedDependency[Service],
    account_id: Annotated[str | None, QueryParameter(description="of this account")] = None,
    status: Annotated[Status | None, QueryParameter(description="that stand there")] = None,
    outcome: Annotated[Outcome | None, QueryParameter(description="with this outcome")] = None,
    since: Annotated[datetime | None, QueryParameter(name="from", description="accepted then or later")] = None,
    until: Annotated[datetime | None, QueryParameter(name="to", description="accepted before then")] = None,
    cursor: Annotated[str | None, QueryParameter(description="the `next_cursor` of the page before")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500, description="at most so many")] = 50,
) -> PageView:
    """Those for which all conditions hold; a page ends with a cursor to the next."""
    refuse_unknown(request.query_params.keys(), _WANTED)
    if account_id is not None and not storable(account_id):
        raise InvalidInput((wrong("account_id"),))
    of_status = None if status is None else _OUTCOMES.get(status)
    if status is not None and outcome is not None and outcome is not of_status:
        return PageView([], None)  # such as blocked and approve: there are none
    wanted = Filter(
        account_id=account_id,
        pending=status is Status.PENDING,
        outcome=outcome or of_status,
        since=0 if since is None else ms("from", since),
        until=LAST_TIME if until is None else ms("to", until),
    )
    found = await records.page(service.database, wanted, None if cursor is None else place_of(cursor), limit + 1)
    views = [TransactionView.of(record) for record in found[:limit]]
    return PageView(views, cursors.after(views[-1].transaction_id) if len(found) > limit else None)


@get(
    "/accounts/{account_id:path}",
    summary="One account",
    operation_class=Described,
    responses=shows(200, AccountView, examples.ACCOUNT, "The account", NotFound),
)
async def account(
    request: Request[Any, Any, Any], service: NamedDependency[Service], account_id: FromPath[str]
) -> AccountView:
    """What is known of an account beyond its transactions. One that only had transactions has the defaults."""
    exact = text_of(routes.rest(request.scope["raw_path"], f"{routes.API}/accounts/"))
    found = await accounts.get(service.database, exact) if storable(exact) else None
    if found is None:
        raise UnknownAccount
    return AccountView.of(found)


def wrong(name: str) -> FieldError:
    """What is wrong with a parameter, by its name here or as it was sent."""
    sent = _SENT_AS.get(name, name)
    return FieldError(sent, _WANTED.get(sent, "is not valid; /docs shows what is"))


async def _missing(service: Service, transaction_id: UUID) -> NotFound:
    """Why there is no such transaction: its id says in which month it would be."""
    if records.may_exist(transaction_id) and (month := await archives.holding(service.database, transaction_id)):
        return Archived(month)
    return NotFound("no transaction has this id")


def refuse_unknown(given: Iterable[str], known: Collection[str]) -> None:
    """Returns if all parameters given are known here. Raises InvalidInput that names the others."""
    unknown = tuple(
        FieldError(shown(name), f"is not a parameter here; there are {', '.join(known)}")
        for name in given
        if name not in known
    )
    if unknown:
        raise InvalidInput(unknown)


def place_of(cursor: str) -> UUID:
    """Where the page of a cursor begins. Raises InvalidInput."""
    try:
        return cursors.read(cursor)
    except ValueError:
        raise InvalidInput((wrong("cursor"),)) from None


def ms(name: str, moment: datetime) -> int:
    """A parameter's time. Raises InvalidInput if it has no offset or lies before 1970."""
    if moment.tzinfo is None or clock.to_ms(moment) < 0:
        raise InvalidInput((wrong(name),))
    return clock.to_ms(moment)
