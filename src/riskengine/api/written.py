"""What is written, as the OpenAPI document describes it. The door answers these requests itself, by `intake`."""

from typing import Annotated, NoReturn

from litestar import post, put
from litestar.params import Body, FromPath, HeaderParameter

from riskengine.api import examples
from riskengine.api.described import Described, answers, shows
from riskengine.api.errors import TooLarge, Unsupported
from riskengine.api.views import AcceptedView, AccountView, BatchView, DecisionView
from riskengine.domain.account_validation import AccountPayload
from riskengine.domain.errors import IdempotencyConflict, InvalidInput, Malformed, NotFound
from riskengine.domain.payload import Payload
from riskengine.domain.validation import KEY_HEADER, Batch

_WITH_A_BODY = (Malformed, TooLarge, Unsupported, InvalidInput)

Key = Annotated[
    str | None,
    HeaderParameter(name=KEY_HEADER, description="the transaction's idempotency key, if it is not in the body"),
]


@post(
    "/transactions",
    summary="Submit a transaction",
    operation_class=Described,
    responses=shows(201, AcceptedView, examples.ACCEPTED, "Stored; will be decided", *_WITH_A_BODY, IdempotencyConflict)
    | answers(200, AcceptedView, examples.ACCEPTED, "The key was known: the first answer again"),
)
async def submit(
    data: Annotated[Payload, Body(examples=examples.of(examples.PAYMENT))], idempotency_key: Key = None
) -> AcceptedView:
    """Stored before it is answered, and decided within moments."""
    at_the_door()


@post(
    "/transactions/batch",
    summary="Submit up to 1000 transactions",
    operation_class=Described,
    responses=shows(201, BatchView, examples.BATCH_ACCEPTED, "All stored", *_WITH_A_BODY, IdempotencyConflict),
)
async def submit_batch(data: Annotated[Batch, Body(examples=examples.of(examples.BATCH))]) -> BatchView:
    """All are stored, or none. The results come in the same order; a key that was known gives its first answer."""
    at_the_door()


@post(
    "/decisions",
    status_code=200,
    summary="Submit a transaction and wait for its decision",
    operation_class=Described,
    responses=shows(200, DecisionView, examples.DECISION, "Stored and decided", *_WITH_A_BODY, IdempotencyConflict),
)
async def decide(
    data: Annotated[Payload, Body(examples=examples.of(examples.PAYMENT))], idempotency_key: Key = None
) -> DecisionView:
    """Stored and decided before it is answered. If it could only be stored: 503, and the same key asks again."""
    at_the_door()


@put(
    "/accounts/{account_id:path}",
    summary="Describe an account",
    operation_class=Described,
    responses=shows(200, AccountView, examples.ACCOUNT, "The account as it is from now on", *_WITH_A_BODY),
)
async def describe_account(
    data: Annotated[AccountPayload, Body(examples=examples.of(examples.ACCOUNT_PAYLOAD))], account_id: FromPath[str]
) -> AccountView:
    """Sets all attributes of an account, new or known. Percent-encode what is special in the id."""
    at_the_door()


def at_the_door() -> NoReturn:
    """Only an odd spelling of a path, such as one with double slashes, passes the door and gets here."""
    raise NotFound("there is nothing under this path; write it as /docs does")
