"""Makes rules as analysts write them: conjunctions over features and fields, with thresholds that vary.

What is drawn knows nothing of how rules are compiled: features are drawn evenly from the whole catalogue, but for the
amount, which is in every third rule, as it is in the starter set.
"""

from collections.abc import Callable, Mapping
from random import Random

from riskengine.domain.outcome import Level
from riskengine.scoring.features.catalogue import Catalogue, Feature
from riskengine.scoring.rules.rule import Rule

CONJUNCTS = (0.2, 0.4, 0.25, 0.15)
"""How many rules have one condition, two, three and four."""

WITH_AMOUNT = 0.35
"""Rules that have a condition on the amount."""

WITH_EITHER = 0.08
"""Rules in which one condition is two, either of which is enough."""

KINDS: Mapping[str, float] = {"threshold": 0.68, "membership": 0.16, "on_list": 0.07, "reckoned": 0.09}
"""What conditions are; those on the amount come on top."""

_COUNTS: Mapping[str, tuple[int, int]] = {
    "5m": (2, 6),
    "10m": (2, 8),
    "1h": (3, 12),
    "24h": (5, 25),
    "7d": (20, 80),
    "30d": (60, 300),
}
_SUMS: Mapping[str, int] = {"": 1, "10m": 1, "1h": 2, "24h": 4, "7d": 10, "30d": 25}
_WHOLE: Mapping[str, tuple[int, int]] = {
    "merchants": (3, 15),
    "locations": (3, 12),
    "devices": (2, 5),
    "countries": (2, 4),
    "changes": (2, 12),
    "accounts": (2, 8),
}
_ABOVE: Mapping[str, tuple[float, float]] = {
    "ratio": (2, 12),
    "standard deviations": (2, 6),
    "km": (200, 5_000),
    "km/h": (300, 1_500),
    "ln of hundredths": (9, 13),
}
_BELOW: Mapping[str, tuple[float, float]] = {"days": (3, 90), "h": (0.02, 2), "s": (5, 600), "0 to 1": (0.005, 0.08)}
_OF_ONE = {"amount_base", "mean_7d", "mean_30d", "std_7d", "std_30d", "largest_7d"}

_COMMON = {"0 or 1", "0 to 23", "0 to 6", "0 to 1", "ln of hundredths"}
"""Units of what is often so, and makes no rule alone."""

_COUNTRIES = (
    *("AE", "AR", "AT", "AU", "BE", "BG", "BR", "CA", "CH", "CN", "CO", "CY", "CZ", "DE", "DK", "EE", "EG", "ES"),
    *("FI", "FR", "GB", "GR", "HK", "HU", "IE", "IN", "IT", "JP", "LT", "LU", "LV", "MA", "MT", "MX", "NG", "NL"),
    *("NO", "PL", "PT", "RO", "RS", "RU", "SE", "SG", "SI", "SK", "TH", "TR", "UA", "US", "VN", "ZA"),
)
_CATEGORIES = ("4121", "4511", "4829", "5311", "5411", "5541", "5732", "5812", "5912", "5944", "6011", "6051", "7995")
_CHANNELS = ("online", "pos", "atm", "transfer")
_CURRENCIES = ("USD", "GBP", "CHF", "PLN", "RON", "TRY", "AED", "RUB")
_LISTS = (
    ("country", "high_risk_countries"),
    ("merchant", "watched_merchants"),
    ("merchant_category", "risky_categories"),
    ("beneficiary", "reported_beneficiaries"),
    ("ip", "proxy_networks"),
)


class Analyst:
    """Writes rules over a catalogue; of one seed the same ones."""

    def __init__(self, catalogue: Catalogue, seed: int) -> None:
        self._random = Random(seed)
        self._features = catalogue.features
        self._write: Mapping[str, Callable[[], str]] = {
            "threshold": lambda: self._on(self._random.choice(self._features)),
            "membership": self._membership,
            "on_list": self._on_list,
            "reckoned": self._reckoned,
        }

    def rules(self, count: int) -> list[Rule]:
        """So many rules."""
        return [self._rule(number) for number in range(1, count + 1)]

    def _rule(self, number: int) -> Rule:
        impact = self._random.choice((5, 10, 15, 20, 25, 30, 35, 40))
        expression = self._expression()
        return Rule(
            id=f"RULE_MADE_{number}",
            name=f"Made {number}",
            description=expression,
            expression=expression,
            impact=impact,
            level=Level.LOW if impact < 15 else Level.MEDIUM if impact < 30 else Level.HIGH,
        )

    def _expression(self) -> str:
        count = self._random.choices((1, 2, 3, 4), CONJUNCTS)[0]
        if count == 1:
            return self._alone()
        conditions = [self._condition() for _ in range(count)]
        if self._random.random() < WITH_AMOUNT:
            conditions[0] = f"amount_base > {self._drawn(50, 10_000)}"
        if self._random.random() < WITH_EITHER:
            conditions[-1] = f"({conditions[-1]} or {self._condition()})"
        return " and ".join(conditions)

    def _alone(self) -> str:
        """A rule of one condition: something rare, where with others it may be common."""
        while True:
            feature = self._random.choice(self._features)
            if feature.unit not in _COMMON:
                return self._random.choices((self._on(feature), self._on_list(), self._reckoned()), (7, 2, 2))[0]

    def _condition(self) -> str:
        return self._write[self._random.choices(list(KINDS), list(KINDS.values()))[0]]()

    def _on(self, feature: Feature) -> str:
        name, choice = feature.name, self._random.choice
        match feature.unit:
            case "0 or 1":
                return choice((f"{name} == 1", f"{name} == 1", name, f"not {name}"))
            case "0 to 23":
                return choice(
                    (f"{name} < {choice((3, 4, 5, 6))}", f"{name} >= {choice((21, 22, 23))}", f"1 <= {name} < 5")
                )
            case "0 to 6":
                return choice((f"{name} in (5, 6)", f"{name} == {choice(range(7))}"))
        return f"{name} {self._threshold(feature)}"

    def _threshold(self, feature: Feature) -> str:
        above = self._random.choice((">", ">", ">="))
        whole = _whole(feature)
        if whole is not None:
            return f"{above} {self._random.choice(whole)}"
        if feature.aggregate == "smallest":
            return f"< {self._drawn(1, 100)}"
        if feature.unit in _BELOW and feature.aggregate != "flagged":
            return f"< {self._drawn(*_BELOW[feature.unit])}"
        return f"{above} {self._drawn(*_range(feature))}"

    def _membership(self) -> str:
        sample, choice = self._random.sample, self._random.choice
        some = self._random.randint(2, 8)
        return choice(
            (
                f"country in {_written(sample(_COUNTRIES, some))}",
                f"country not in {_written(sample(_COUNTRIES, some))}",
                "country != home_country",
                f"merchant_category in {_written(sample(_CATEGORIES, some))}",
                f'merchant_category == "{choice(_CATEGORIES)}"',
                f'channel == "{choice(_CHANNELS)}"',
                f"channel in {_written(sample(_CHANNELS, 2))}",
                f"currency in {_written(sample(_CURRENCIES, 3))}",
            )
        )

    def _on_list(self) -> str:
        field, name = self._random.choice(_LISTS)
        return f'{field} in list("{name}")'

    def _reckoned(self) -> str:
        return self._random.choice(
            (
                f"amount_base > {self._drawn(2, 12)} * mean_30d",
                f"amount_base > {self._drawn(2, 10)} * coalesce(mean_7d, {self._drawn(20, 200)})",
                f"amount_base - mean_7d > {self._drawn(3, 6)} * std_7d",
                f"sum_1h / sum_24h > {self._drawn(0.5, 0.95)} and count_24h > 2",
                f"count_1h / count_24h > {self._drawn(0.4, 0.9)} and count_24h > 3",
                f"sum_24h + amount_base > {self._drawn(1_000, 20_000)}",
                f"abs(peer_zscore) > {self._drawn(2.5, 5)}",
                f"max(count_5m * 12, count_1h) > {self._drawn(12, 48)}",
            )
        )

    def _drawn(self, least: float, most: float) -> str:
        """A number as people choose them: of two digits, small ones as often as large ones."""
        value = least * (most / least) ** self._random.random()
        return f"{float(f'{value:.1e}'):g}" if value < 1e5 else f"{value:.0f}"


def _whole(feature: Feature) -> range | None:
    """The thresholds of a feature that counts."""
    if feature.unit == "transactions":
        return range(2, 8) if feature.per or feature.filter else range(*_COUNTS[feature.window])
    return range(*_WHOLE[feature.unit]) if feature.unit in _WHOLE else None


def _range(feature: Feature) -> tuple[float, float]:
    """The least and the largest threshold of a feature that measures."""
    if feature.unit == "base currency":
        scale = 1 if feature.name in _OF_ONE else _SUMS[feature.window]
        return 100 * scale, 5_000 * scale
    if feature.aggregate == "flagged":
        return 0.05, 0.5
    if feature.unit == "ln of hundredths" and "std" in feature.aggregate:
        return 0.8, 2.5
    return _ABOVE[feature.unit]


def _written(values: list[str]) -> str:
    """The values as the notation has them, in brackets."""
    return "({})".format(", ".join(f'"{value}"' for value in values))
