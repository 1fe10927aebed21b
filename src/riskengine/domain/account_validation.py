"""Judging what clients say of an account."""

from datetime import datetime
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

import msgspec
from msgspec import Meta

from riskengine.domain import clock, countries, shape
from riskengine.domain.account import UNKNOWN_TYPE, Account, AccountStatus
from riskengine.domain.errors import FieldError, InvalidInput
from riskengine.domain.metadata import NOT_STORABLE, storable
from riskengine.domain.payload import LONGEST_NAME
from riskengine.domain.shape import Shape
from riskengine.domain.validation import MOST_AHEAD


class AccountPayload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes of an account, all of them: what is left out has its default from then on."""

    type: Annotated[
        str, Meta(min_length=1, max_length=64, description="whom it is compared with: text of 1 to 64 characters")
    ] = UNKNOWN_TYPE
    status: Annotated[AccountStatus, Meta(description="how it stands: one of active, suspended, closed")] = "active"
    home_country: (
        Annotated[str, Meta(description="where its owner lives: an ISO 3166-1 alpha-2 code, such as BE")] | None
    ) = None
    time_zone: (
        Annotated[str, Meta(description="its owner's time zone: an IANA name, such as Europe/Brussels")] | None
    ) = None
    opened_at: (
        Annotated[
            datetime,
            Meta(tz=True, description="when it was opened: RFC 3339 with an offset, and not in the future"),
        ]
        | None
    ) = None


_shape = Shape(AccountPayload)


def account(body: bytes, account_id: str, now_ms: int) -> Account:
    """The account that a request describes. Raises Malformed, and InvalidInput that names every fault."""
    reading = _shape.read(shape.from_json(body))
    payload = AccountPayload(**reading.right)
    faults = _id_faults(account_id) + reading.faults + _faults(payload, now_ms)
    if faults:
        raise InvalidInput(tuple(faults))
    opened_at = None if payload.opened_at is None else clock.to_ms(payload.opened_at)
    return Account(account_id, payload.type, payload.status, payload.home_country, payload.time_zone, opened_at)


def _id_faults(account_id: str) -> list[FieldError]:
    if not 0 < len(account_id) <= LONGEST_NAME:
        return [FieldError("account_id", f"must be text of 1 to {LONGEST_NAME} characters")]
    return [] if storable(account_id) else [FieldError("account_id", NOT_STORABLE)]


def _faults(payload: AccountPayload, now_ms: int) -> list[FieldError]:
    right = {
        "home_country": payload.home_country is None or payload.home_country in countries.CODES,
        "time_zone": payload.time_zone is None or payload.time_zone in _time_zones(),
        "opened_at": payload.opened_at is None or clock.to_ms(payload.opened_at) <= now_ms + MOST_AHEAD,
    }
    found = [FieldError(name, f"must be {_shape.wanted(name)}") for name, good in right.items() if not good]
    return found if storable(payload.type) else [*found, FieldError("type", NOT_STORABLE)]


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())
