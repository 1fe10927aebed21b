"""The features again, the slow and obvious way: over plain lists. Nothing of it is shared with the engine."""

import math
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from riskengine.domain.account import Account
from riskengine.domain.clock import DAY, HOUR, MINUTE, to_datetime
from riskengine.domain.transaction import Transaction
from riskengine.scoring.money import Rates

WINDOWS = {"5m": 5 * MINUTE, "10m": 10 * MINUTE, "1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
FIELD = {"merchants": "merchant", "locations": "location", "devices": "device_id", "countries": "country"}
NEW = {"merchant": "merchant", "location": "location", "device": "device_id", "country": "country", "ip": "ip"}


class Oracle:
    """What the features of one transaction must be, given all that arrived before it."""

    def __init__(
        self,
        now: Transaction,
        earlier: Sequence[Transaction],
        account: Account,
        rates: Rates,
        flagged: Collection[UUID],
    ) -> None:
        self.now, self.account, self.rates, self.flagged = now, account, rates, flagged
        self.past = sorted((t for t in earlier if t.occurred_at <= now.occurred_at), key=lambda t: t.occurred_at)

    def window(self, label: str) -> list[Transaction]:
        return [t for t in self.past if t.occurred_at > self.now.occurred_at - WINDOWS[label]]

    def minor(self, transaction: Transaction) -> int | None:
        rate = self.rates.rates.get(transaction.currency)
        if rate is None:
            return None
        exact = Fraction(transaction.amount) * 100 / Fraction(rate)
        return round(exact)

    def amounts(self, label: str) -> list[int]:
        return [minor for t in self.window(label) if (minor := self.minor(t)) is not None]

    def logs(self, label: str) -> list[Fraction]:
        return [Fraction(round(math.log(max(a, 1)) * 65536), 65536) for a in self.amounts(label)]

    def values(self) -> dict[str, float | None]:
        """Every feature of the account's own past and of the transaction; None where missing."""
        return {**self._own(), **self._counts(), **self._amounts(), **self._kinds(), **self._places(), **self._habits()}

    def _own(self) -> dict[str, float | None]:
        minor = self.minor(self.now)
        local = to_datetime(self.now.occurred_at).astimezone(ZoneInfo(self.account.time_zone or "UTC"))
        known = self.now.country is not None and self.account.home_country is not None
        return {
            "amount_base": None if minor is None else minor / 100,
            "log_amount": None if minor is None else round(math.log(max(minor, 1)) * 65536) / 65536,
            "round_amount": float(self.now.amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN) % 100 == 0),
            "hour": float(local.hour),
            "weekday": float(local.weekday()),
            "weekend": float(local.weekday() >= 5),
            "account_age_days": (self.now.occurred_at - (self.account.opened_at or 0)) / DAY,
            "cross_border": float(self.now.country != self.account.home_country) if known else None,
        }

    def _counts(self) -> dict[str, float | None]:
        found: dict[str, float | None] = {f"count_{label}": float(len(self.window(label))) for label in WINDOWS}
        month = self.window("30d")
        for label in ("1h", "24h"):
            if len(month) >= 5:
                observed = max(self.now.occurred_at - month[0].occurred_at, WINDOWS[label])
                found[f"velocity_{label}"] = len(self.window(label)) / (len(month) * WINDOWS[label] / observed)
            else:
                found[f"velocity_{label}"] = None
        since = self.now.occurred_at - month[-1].occurred_at if month else None
        found["seconds_since_last"] = None if since is None else since / 1000
        found["hours_since_last"] = None if since is None else since / HOUR
        flagged = [t for t in month if t.transaction_id in self.flagged]
        found["flagged_share_30d"] = len(flagged) / len(month) if month else None
        return found

    def _amounts(self) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        for label in ("1h", "24h", "7d", "30d"):
            found[f"sum_{label}"] = sum(self.amounts(label)) / 100
        minor = self.minor(self.now)
        for label in ("7d", "30d"):
            amounts = [Fraction(a, 100) for a in self.amounts(label)]
            mean, std = _mean(amounts), _std(amounts)
            found[f"mean_{label}"], found[f"std_{label}"] = mean, std
            scored = minor is not None and len(amounts) >= 5 and mean is not None and std is not None
            found[f"zscore_{label}"] = (minor / 100 - mean) / (std or 0.01 * mean) if scored else None
        month = self.amounts("30d")
        found["ratio_to_mean_30d"] = minor * len(month) / sum(month) if minor is not None and sum(month) else None
        found["mean_log_30d"], found["std_log_30d"] = _mean(self.logs("30d")), _std(self.logs("30d"))
        found["smallest_10m"] = min(self.amounts("10m"), default=math.nan) / 100
        small = [minor is not None and minor < 10_000 for minor in map(self.minor, self.window("1h"))]
        found["small_run_1h"] = float(
            next((n for n, is_small in enumerate(reversed(small)) if not is_small), len(small))
        )
        found["largest_7d"] = max(self.amounts("7d"), default=math.nan) / 100
        return found

    def _kinds(self) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        for kind, field in FIELD.items():
            found[f"distinct_{kind}_7d"] = float(len(self._seen(field, "7d")))
        for kind in ("merchant_7d", "location_7d", "device_30d", "country_30d", "beneficiary_30d", "ip_30d"):
            name, label = kind.split("_")
            value = getattr(self.now, NEW.get(name, name))
            known = value is not None and bool(self.window("30d"))
            feature = f"is_new_{kind if label == '7d' else name}"
            found[feature] = float(value not in self._seen(NEW.get(name, name), label)) if known else None
        for name, label in (("merchant", "24h"), ("beneficiary", "30d")):
            value = getattr(self.now, name)
            same = [t for t in self.window(label) if getattr(t, name) == value]
            found[f"same_{name}_{label}"] = float(len(same)) if value is not None else None
        paid = sum(minor for t in same if (minor := self.minor(t)) is not None)
        found["sum_beneficiary_30d"] = paid / 100 if self.now.beneficiary is not None else None
        return found

    def _seen(self, field: str, label: str) -> set[str]:
        return {getattr(t, field) for t in self.window(label)} - {None}

    def _places(self) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        for field, label in (("location", "24h"), ("location", "7d"), ("channel", "1h"), ("channel", "24h")):
            found[f"{field}_changes_{label}"] = float(self._changes(lambda t, f=field: getattr(t, f), label))
        located = [t for t in self.window("30d") if t.latitude is not None and t.longitude is not None]
        here = self.now.latitude is not None and self.now.longitude is not None
        last = located[-1] if located and here else None
        distance = _distance(last, self.now) if last else None
        since = self.now.occurred_at - last.occurred_at if last else 0
        found["distance_km"] = distance
        found["speed_kmh"] = None if distance is None else distance * HOUR / max(since, 1000)
        found["seconds_since_located"] = None if last is None else since / 1000
        return found

    def _changes(self, value: Callable[[Transaction], str | None], label: str) -> int:
        known = [t for t in self.past if value(t) is not None]
        since = self.now.occurred_at - WINDOWS[label]
        return sum(
            value(a) != value(b)
            for a, b in pairwise(known)
            if b.occurred_at > since and b.occurred_at - a.occurred_at < 7 * DAY
        )

    def _habits(self) -> dict[str, float | None]:
        month = self.window("30d")
        if not month:
            return {"hour_share_30d": None, "weekday_share_30d": None}
        offset = to_datetime(self.now.occurred_at).astimezone(ZoneInfo(self.account.time_zone or "UTC")).utcoffset()
        assert offset is not None
        hour, day = to_datetime(self.now.occurred_at).hour, self._local_day(self.now, offset)
        near = [t for t in month if (to_datetime(t.occurred_at).hour - hour) % 24 in (23, 0, 1)]
        same = [t for t in month if self._local_day(t, offset) == day]
        return {"hour_share_30d": len(near) / len(month), "weekday_share_30d": len(same) / len(month)}

    @staticmethod
    def _local_day(transaction: Transaction, offset: timedelta) -> int:
        return (to_datetime(transaction.occurred_at) + offset).weekday()


def _mean(numbers: list[Fraction]) -> float | None:
    return float(sum(numbers) / len(numbers)) if numbers else None


def _std(numbers: list[Fraction]) -> float | None:
    if len(numbers) < 2:
        return None
    mean = sum(numbers) / len(numbers)
    return math.sqrt(sum((n - mean) ** 2 for n in numbers) / (len(numbers) - 1))


def _distance(one: Transaction, other: Transaction) -> float:
    """By the angle between two vectors: another formula than the engine's."""
    a, b = _vector(one), _vector(other)
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return 6371.0088 * math.atan2(math.hypot(*cross), sum(x * y for x, y in zip(a, b, strict=True)))


def _vector(transaction: Transaction) -> tuple[float, float, float]:
    assert transaction.latitude is not None
    assert transaction.longitude is not None
    latitude = math.radians(round(transaction.latitude, 6))
    longitude = math.radians(round(transaction.longitude, 6))
    return (
        math.cos(latitude) * math.cos(longitude),
        math.cos(latitude) * math.sin(longitude),
        math.sin(latitude),
    )
