"""Decisions by day and hour, from the rollups, through the cache."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, TypeVar

import msgspec

from riskengine.domain import clock
from riskengine.domain.errors import FieldError, InvalidInput
from riskengine.state import codec
from riskengine.state.cache import Cache, guarded_by
from riskengine.state.cache_kinds import HISTORICAL, RECENT, SUMMARY_HISTORICAL, SUMMARY_RECENT, Entry
from riskengine.state.codec import Codec
from riskengine.storage.database import Row
from riskengine.storage.reader import Reader

MOST_DAYS = 400
"""Days that a question may span: a year and some, so that it can be compared with the one before."""

MOST_DAYS_BY_HOUR = 31
"""Days that a question by the hour may span: 744 rows a currency."""

MOST_RULES = 100
"""Rules that may be asked for."""

BUCKET = 5
"""Width of a bucket of scores."""

Step = Literal["hour", "day"]
Value = TypeVar("Value")


class DayFigures(msgspec.Struct, frozen=True):
    """What was decided of one day's transactions. Rates and means are None where there were none."""

    count: int
    outcomes: dict[str, int]
    levels: dict[str, int]
    amounts: dict[str, Decimal]
    approval_rate: float | None
    mean_score: float | None


class DaySummary(msgspec.Struct, frozen=True):
    """A day beside the one before. `as_of`: what was decided by then is in it; None: not even all of before is."""

    day: date
    as_of: datetime | None
    figures: DayFigures
    before: DayFigures


class Distribution(msgspec.Struct, frozen=True):
    """Decisions of days by score (`buckets`: by where they begin, all there are), level and outcome."""

    first: date
    last: date
    as_of: datetime | None
    count: int
    buckets: dict[int, int]
    levels: dict[str, int]
    outcomes: dict[str, int]


class VolumePoint(msgspec.Struct, frozen=True, array_like=True):
    """Decisions of one hour or day in one currency, and the sum of their amounts."""

    start: datetime
    currency: str
    count: int
    amount: Decimal


class Volume(msgspec.Struct, frozen=True):
    """Decisions of days by hour or day, and currency, in order."""

    first: date
    last: date
    by: Step
    as_of: datetime | None
    points: Sequence[VolumePoint]


class RuleFigures(msgspec.Struct, frozen=True):
    """How often a rule fired and counted (by outcome, and as a share of all decisions), and fired without counting."""

    rule: str
    fired: int
    share: float
    outcomes: dict[str, int]
    shadow: int


class TopRules(msgspec.Struct, frozen=True):
    """The rules that fired most often in the decisions of days."""

    first: date
    last: date
    as_of: datetime | None
    decisions: int
    rules: Sequence[RuleFigures]


_SUMMARY, _DISTRIBUTION = codec.of(DaySummary), codec.of(Distribution)
_VOLUME, _TOP_RULES = codec.of(Volume), codec.of(TopRules)


class Summaries:
    """Answers questions on days (UTC, by acceptance). What it says of today and yesterday is up to two minutes old."""

    def __init__(self, database: Reader, cache: Cache) -> None:
        self._database = database
        self._cache = cache

    async def summary(self, day: date) -> DaySummary:
        """A day and the one before. Raises Unavailable."""

        async def load() -> DaySummary:
            rows = await self._database.fetch("analytics_summary", day)
            found = [row for row in rows if row["day"] is not None]
            today = [row for row in found if row["day"] == day]
            before = [row for row in found if row["day"] != day]
            return DaySummary(day, rows[0]["as_of"], _figures(today), _figures(before))

        return await self._cached(_SUMMARY, f"summary:{day}", day, load)

    async def distribution(self, first: date, last: date) -> Distribution:
        """By score, level and outcome. Raises InvalidInput, Unavailable."""
        check(first, last, MOST_DAYS)

        async def load() -> Distribution:
            rows = await self._database.fetch("analytics_distribution", first, last)
            parts: dict[str, dict[str, int]] = {"bucket": {}, "level": {}, "outcome": {}}
            for row in rows:
                if row["part"] is not None:
                    parts[row["part"]][row["name"]] = row["count"]
            buckets = {start: parts["bucket"].get(str(start), 0) for start in range(0, 100, BUCKET)}
            count = sum(buckets.values())
            return Distribution(first, last, rows[0]["as_of"], count, buckets, parts["level"], parts["outcome"])

        return await self._cached(_DISTRIBUTION, f"distribution:{first}:{last}", last, load)

    async def volume(self, first: date, last: date, by: Step) -> Volume:
        """By hour or day. Raises InvalidInput, Unavailable."""
        check(first, last, MOST_DAYS_BY_HOUR if by == "hour" else MOST_DAYS)

        async def load() -> Volume:
            rows = await self._database.fetch("analytics_volume", first, last, by)
            points = [
                VolumePoint(row["start"], row["currency"], row["count"], row["amount"])
                for row in rows
                if row["start"] is not None
            ]
            return Volume(first, last, by, rows[0]["as_of"], points)

        return await self._cached(_VOLUME, f"volume:{first}:{last}:{by}", last, load)

    async def top_rules(self, first: date, last: date, limit: int) -> TopRules:
        """Those that fired most often, and their shares. Raises InvalidInput, Unavailable."""
        check(first, last, MOST_DAYS)

        async def load() -> TopRules:
            rows = await self._database.fetch("analytics_rules", first, last, limit)
            decisions = rows[0]["decisions"]
            names = dict.fromkeys(row["rule"] for row in rows if row["rule"] is not None)
            rules = [_rule(name, [row for row in rows if row["rule"] == name], decisions) for name in names]
            return TopRules(first, last, rows[0]["as_of"], decisions, rules)

        return await self._cached(_TOP_RULES, f"rules:{first}:{last}:{limit}", last, load)

    async def _cached(self, as_: Codec[Value], name: str, last: date, load: Callable[[], Awaitable[Value]]) -> Value:
        """Recent if the last day is today or yesterday, or still to come."""
        recent = last >= clock.to_datetime(clock.now_ms()).date() - timedelta(days=1)
        kind, mark = (SUMMARY_RECENT, RECENT) if recent else (SUMMARY_HISTORICAL, HISTORICAL)
        return await self._cache.entry(Entry(kind, name, guarded_by(mark)), as_, load)


def check(first: date, last: date, most: int) -> None:
    """Returns if these are days that can be asked for. Raises InvalidInput."""
    if first > last:
        raise InvalidInput((FieldError("from", "must not be after to"),))
    if (last - first).days >= most:
        raise InvalidInput((FieldError("from", f"must be so that there are at most {most} days until to"),))


def _figures(rows: Sequence[Row]) -> DayFigures:
    count = sum(row["count"] for row in rows)
    outcomes = _by("outcome", rows)
    score = sum((row["score"] for row in rows), Decimal())
    amounts: dict[str, Decimal] = {}
    for row in sorted(rows, key=lambda row: str(row["currency"])):
        amounts[row["currency"]] = amounts.get(row["currency"], Decimal()) + row["amount"]
    return DayFigures(
        count=count,
        outcomes=outcomes,
        levels=_by("level", rows),
        amounts=amounts,
        approval_rate=outcomes.get("approve", 0) / count if count else None,
        mean_score=float(score / count) if count else None,
    )


def _by(column: str, rows: Sequence[Row]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row[column]] = counts.get(row[column], 0) + row["count"]
    return counts


def _rule(name: str, rows: Sequence[Row], decisions: int) -> RuleFigures:
    outcomes = _by("outcome", [row for row in rows if row["kind"] == "fired"])
    shadow = sum(row["count"] for row in rows if row["kind"] == "shadow")
    fired = sum(outcomes.values())
    return RuleFigures(name, fired, fired / decisions if decisions else 0.0, outcomes, shadow)
