"""What the API says of what an account did."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from riskengine.api.analytics_views import moment, rounded, sums
from riskengine.api.views import AccountView, Time
from riskengine.domain.account import AccountStatus
from riskengine.insight.profiles import Profile, Used, WindowFigures


class WindowView(msgspec.Struct, frozen=True):
    """What the decided transactions of a window add up to."""

    count: int
    amounts: Annotated[dict[str, str], Meta(description="sums by currency")]
    outcomes: dict[str, int]
    mean_score: float | None
    highest_score: float | None

    @classmethod
    def of(cls, figures: WindowFigures) -> "WindowView":
        """The figures as they are shown."""
        mean, highest = rounded(figures.mean_score), figures.highest_score
        return cls(figures.count, sums(figures.amounts), figures.outcomes, mean, highest)


class ProfileView(msgspec.Struct, frozen=True):
    """An account's attributes, and what it did in the 30 days before `as_of`, by acceptance."""

    account_id: str
    type: str
    status: AccountStatus
    home_country: str | None
    time_zone: str | None
    opened_at: Time | None
    as_of: Time
    decisions: Annotated[int, Meta(description="all it has ever had")]
    first_activity: Annotated[Time | None, Meta(description="its first transaction that is not in an archive")]
    last_activity: Time | None
    complete: Annotated[bool, Meta(description="false: only its newest 10 000 transactions of 30 days were looked at")]
    windows: Annotated[dict[str, WindowView], Meta(description="24h, 7d and 30d")]
    merchants: Annotated[Sequence[Used], Meta(description="used most in 30 days")]
    countries: Sequence[Used]
    devices: Sequence[Used]

    @classmethod
    def of(cls, profile: Profile) -> "ProfileView":
        """The profile as it is shown."""
        return cls(
            **msgspec.structs.asdict(AccountView.of(profile.account)),
            as_of=moment(profile.as_of) or "",
            decisions=profile.decisions,
            first_activity=moment(profile.first_activity),
            last_activity=moment(profile.last_activity),
            complete=profile.complete,
            windows={name: WindowView.of(figures) for name, figures in profile.windows.items()},
            merchants=profile.merchants,
            countries=profile.countries,
            devices=profile.devices,
        )
