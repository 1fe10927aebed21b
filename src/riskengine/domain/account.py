"""Accounts: what is known of them beyond their transactions."""

from typing import Literal

import msgspec

AccountStatus = Literal["active", "suspended", "closed"]

UNKNOWN_TYPE = "unknown"


class Account(msgspec.Struct, frozen=True):
    """The attributes of an account that scoring may look at. An account nobody described has the defaults.

    `home_country` is ISO 3166-1 alpha-2, `time_zone` an IANA name, `opened_at` milliseconds since the epoch.
    """

    account_id: str
    type: str = UNKNOWN_TYPE
    status: AccountStatus = "active"
    home_country: str | None = None
    time_zone: str | None = None
    opened_at: int | None = None
