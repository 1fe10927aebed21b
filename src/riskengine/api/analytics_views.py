"""What the API says of days: sums as text with the places of their currency, times in RFC 3339."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from riskengine.api.views import Time, time
from riskengine.domain import clock, currencies
from riskengine.insight.summaries import BUCKET, DayFigures, DaySummary, Distribution, Step, TopRules, Volume

AsOf = Annotated[
    Time | None,
    Meta(description="all that was decided by then is in it; null while older decisions are still being counted"),
]


class DayFiguresView(msgspec.Struct, frozen=True, rename={"day": "date"}):
    """What was decided of one day's transactions."""

    day: date
    count: int
    outcomes: dict[str, int]
    levels: dict[str, int]
    amounts: Annotated[dict[str, str], Meta(description="sums by currency")]
    approval_rate: Annotated[float | None, Meta(description="0 to 1; null without decisions")]
    mean_score: float | None

    @classmethod
    def of(cls, day: date, figures: DayFigures) -> "DayFiguresView":
        """The figures as they are shown."""
        return cls(
            day=day,
            count=figures.count,
            outcomes=figures.outcomes,
            levels=figures.levels,
            amounts=sums(figures.amounts),
            approval_rate=rounded(figures.approval_rate),
            mean_score=rounded(figures.mean_score),
        )


class ChangeView(msgspec.Struct, frozen=True):
    """A day less the day before; null where one of them has no decisions."""

    count: int
    approval_rate: float | None
    mean_score: float | None


class SummaryView(msgspec.Struct, frozen=True):
    """A day beside the one before, both in UTC."""

    as_of: AsOf
    day: DayFiguresView
    before: DayFiguresView
    change: ChangeView

    @classmethod
    def of(cls, summary: DaySummary) -> "SummaryView":
        """The summary as it is shown."""
        one, other = summary.figures, summary.before
        change = ChangeView(
            count=one.count - other.count,
            approval_rate=_difference(one.approval_rate, other.approval_rate),
            mean_score=_difference(one.mean_score, other.mean_score),
        )
        before = date.fromordinal(max(1, summary.day.toordinal() - 1))
        days = (DayFiguresView.of(summary.day, one), DayFiguresView.of(before, other))
        return cls(moment(summary.as_of), *days, change)


class BucketView(msgspec.Struct, frozen=True, rename={"first": "from", "last": "to"}):
    """Scores from one to below the other; the last bucket has 100, too."""

    first: int
    last: int
    count: int


class DistributionView(msgspec.Struct, frozen=True, rename={"first": "from", "last": "to"}):
    """How the decisions of days are spread."""

    first: date
    last: date
    as_of: AsOf
    count: int
    buckets: list[BucketView]
    levels: dict[str, int]
    outcomes: dict[str, int]

    @classmethod
    def of(cls, found: Distribution) -> "DistributionView":
        """The distribution as it is shown."""
        buckets = [BucketView(start, start + BUCKET, count) for start, count in sorted(found.buckets.items())]
        as_of = moment(found.as_of)
        return cls(found.first, found.last, as_of, found.count, buckets, found.levels, found.outcomes)


class PointView(msgspec.Struct, frozen=True):
    """Decisions of one hour or day in one currency. Where there were none, there is no point."""

    start: Time
    currency: str
    count: int
    amount: str


class VolumeView(msgspec.Struct, frozen=True, rename={"first": "from", "last": "to"}):
    """How many decisions there were, and on how much money, over time."""

    first: date
    last: date
    by: Step
    as_of: AsOf
    points: list[PointView]

    @classmethod
    def of(cls, found: Volume) -> "VolumeView":
        """The volume as it is shown."""
        points = [
            PointView(_time(point.start), point.currency, point.count, amount(point.amount, point.currency))
            for point in found.points
        ]
        return cls(found.first, found.last, found.by, moment(found.as_of), points)


class RuleFiguresView(msgspec.Struct, frozen=True):
    """How often a rule fired."""

    rule: str
    fired: Annotated[int, Meta(description="decisions in which it fired and counted")]
    share: Annotated[float, Meta(description="0 to 1: of all decisions of these days")]
    outcomes: Annotated[dict[str, int], Meta(description="what became of those in which it fired")]
    shadow: Annotated[int, Meta(description="decisions in which it fired without counting: in shadow, or snoozed")]


class TopRulesView(msgspec.Struct, frozen=True, rename={"first": "from", "last": "to"}):
    """The rules that fired most often."""

    first: date
    last: date
    as_of: AsOf
    decisions: int
    rules: Sequence[RuleFiguresView]

    @classmethod
    def of(cls, found: TopRules) -> "TopRulesView":
        """The rules as they are shown."""
        rules = [
            RuleFiguresView(one.rule, one.fired, round(one.share, _PLACES), one.outcomes, one.shadow)
            for one in found.rules
        ]
        return cls(found.first, found.last, moment(found.as_of), found.decisions, rules)


_PLACES = 6
"""Decimal places of rates and means."""


def sums(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    """Sums by currency, as text."""
    return {currency: amount(value, currency) for currency, value in sorted(amounts.items())}


def amount(value: Decimal, currency: str) -> str:
    """A sum with the places of its currency."""
    return f"{value:.{currencies.PLACES[currency]}f}"


def rounded(value: float | None) -> float | None:
    """A rate or a mean."""
    return None if value is None else round(value, _PLACES)


def moment(value: datetime | None) -> str | None:
    """A time in RFC 3339, if there is one."""
    return None if value is None else _time(value)


def _time(value: datetime) -> str:
    return time(clock.to_ms(value))


def _difference(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else round(one - other, _PLACES)
