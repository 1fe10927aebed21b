"""What an account did: its last 30 days in figures, from its transactions, through the cache."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from riskengine.domain import clock
from riskengine.domain.account import Account
from riskengine.state import codec
from riskengine.state.cache import Cache
from riskengine.state.cache_kinds import PROFILE, Entry
from riskengine.state.histories import Histories
from riskengine.storage import accounts
from riskengine.storage.database import Database, Row

MOST_TRANSACTIONS = 10_000
"""Transactions that a profile looks at: the newest; reading them takes about 0.1 s."""

MOST_USED = 5
"""How many merchants, countries and devices are named."""

WINDOWS = {24: "24h", 168: "7d", 720: "30d"}
"""The windows, by their hours."""


class WindowFigures(msgspec.Struct, frozen=True):
    """What the decided transactions of a window add up to. Scores are None where there are none."""

    count: int
    amounts: dict[str, Decimal]
    outcomes: dict[str, int]
    mean_score: float | None
    highest_score: float | None


class Used(msgspec.Struct, frozen=True):
    """A merchant, country or device, and in how many transactions it was."""

    value: str
    count: int


class Profile(msgspec.Struct, frozen=True):
    """An account and what it did, at `as_of`. Windows reach back from then, by acceptance.

    `decisions` are all ever; activity is the first and last transaction in months that are not archived. `complete` is
    False if the account had MOST_TRANSACTIONS or more in 30 days: only the newest were looked at.
    """

    account: Account
    as_of: datetime
    decisions: int
    first_activity: datetime | None
    last_activity: datetime | None
    complete: bool
    windows: dict[str, WindowFigures]
    merchants: Sequence[Used]
    countries: Sequence[Used]
    devices: Sequence[Used]


_CODEC: codec.Codec[Profile | None] = codec.Codec(
    lambda profile: None if profile is None else msgspec.msgpack.encode(profile),
    msgspec.msgpack.Decoder(Profile).decode,
)


class Profiles:
    """Answers what accounts did. What it says holds until the account is decided on again, and for 20 s at least."""

    def __init__(self, database: Database, cache: Cache, histories: Histories) -> None:
        """`histories` tells whether an account was decided on since."""
        self._database = database
        self._cache = cache
        self._histories = histories

    async def get(self, account_id: str) -> Profile | None:
        """The account's profile; None if it is unknown. Raises Unavailable."""
        return await self._cache.entry(self._entry(account_id), _CODEC, lambda: self._load(account_id))

    async def changed(self, account_id: str) -> None:
        """Forgets a profile whose account has other attributes now."""
        await self._cache.forget(self._entry(account_id))

    def _entry(self, account_id: str) -> Entry:
        return Entry(PROFILE, account_id, self._histories.stand_of(account_id))

    async def _load(self, account_id: str) -> Profile | None:
        head = await self._database.fetch_one("profile_of", account_id)
        if head is None:
            return None
        now = clock.to_datetime(clock.now_ms())
        rows = await self._database.fetch("profile_windows", account_id, now, MOST_TRANSACTIONS, MOST_USED)
        return _profile(head, rows, now)


def _profile(head: Row, rows: Sequence[Row], now: datetime) -> Profile:
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(row["part"], []).append(row)
    merchants, countries, devices = (
        [Used(row["value"], row["count"]) for row in parts.get(part, ())] for part in ("merchant", "country", "device")
    )
    return Profile(
        account=accounts.from_row(head),
        as_of=now,
        decisions=head["decisions"],
        first_activity=head["first_activity"],
        last_activity=head["last_activity"],
        complete=parts["seen"][0]["count"] < MOST_TRANSACTIONS,
        windows={name: _window(hours, parts) for hours, name in WINDOWS.items()},
        merchants=merchants,
        countries=countries,
        devices=devices,
    )


def _window(hours: int, parts: dict[str, list[Row]]) -> WindowFigures:
    own = {part: [row for row in rows if row["hours"] == hours] for part, rows in parts.items()}
    whole = own.get("window")
    return WindowFigures(
        count=whole[0]["count"] if whole else 0,
        amounts={row["value"]: row["amount"] for row in own.get("amount", ())},
        outcomes={row["value"]: row["count"] for row in own.get("outcome", ())},
        mean_score=whole[0]["mean"] if whole else None,
        highest_score=whole[0]["highest"] if whole else None,
    )
