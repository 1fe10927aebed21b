"""What a client sends: a transaction in its own words, before it is judged."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from riskengine.domain.transaction import Channel

LONGEST_NAME = 128
LONGEST_TEXT = 256
LONGEST_KEY = 255

BIN_PATTERN = r"^[0-9]{6,8}\Z"
"""What a card's issuer is known by (ISO/IEC 7812): never the whole number."""


def _text(longest: int, meaning: str) -> Meta:
    return Meta(min_length=1, max_length=longest, description=f"{meaning}: text of 1 to {longest} characters")


AccountId = Annotated[str, _text(LONGEST_NAME, "the account that pays")]
IdempotencyKey = Annotated[
    str, _text(LONGEST_KEY, "the client's name for this transaction, the same whenever it is sent again")
]


class Payload(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The fields of a submitted transaction, each of its right type. The descriptions say what else is asked of them.

    They serve as messages ("must be ..." follows the colon) and in the API's documentation.
    """

    account_id: AccountId
    amount: Annotated[
        Decimal,
        Meta(
            description="how much, in units of the currency: a decimal number above 0 and up to 10000000000000, as "
            "JSON number or text, with no more places than the currency has"
        ),
    ]
    currency: Annotated[str, Meta(description="the currency of the amount: an ISO 4217 code, such as EUR")]
    occurred_at: (
        Annotated[
            datetime,
            Meta(
                tz=True,
                description="when it happened, by default now: RFC 3339 with an offset, such as 2026-01-31T12:00:00Z, "
                "from 1970 on and at most 5 minutes ahead",
            ),
        ]
        | None
    ) = None
    merchant: Annotated[str, _text(LONGEST_TEXT, "who is paid, as the client names it")] | None = None
    merchant_category: Annotated[str, _text(LONGEST_TEXT, "the merchant's category, such as an MCC")] | None = None
    location: Annotated[str, _text(LONGEST_TEXT, "where it happened, such as a city")] | None = None
    latitude: (
        Annotated[float, Meta(description="where it happened, together with longitude: a number from -90 to 90")] | None
    ) = None
    longitude: (
        Annotated[float, Meta(description="where it happened, together with latitude: a number from -180 to 180")]
        | None
    ) = None
    country: (
        Annotated[str, Meta(description="the country it happened in: an ISO 3166-1 alpha-2 code, such as BE")] | None
    ) = None
    channel: Annotated[Channel, Meta(description="how: one of online, pos, atm, transfer")] | None = None
    device_id: Annotated[str, _text(LONGEST_TEXT, "the device it was made on")] | None = None
    ip: Annotated[str, Meta(description="the address it was made from: an IPv4 or IPv6 address")] | None = None
    beneficiary: Annotated[str, _text(LONGEST_TEXT, "the account that is paid")] | None = None
    card_bin: (
        Annotated[
            str,
            Meta(pattern=BIN_PATTERN, description="the first digits of the card that pays: text of 6 to 8 digits"),
        ]
        | None
    ) = None
    metadata: (
        Annotated[
            dict[str, Any],
            Meta(description="whatever else the client wants kept: a JSON object of at most 4 KiB and 16 levels"),
        ]
        | None
    ) = None
    idempotency_key: IdempotencyKey | None = None
