"""Aggregates over the events of others: accounts of the same type, and all who use the same thing."""

from collections.abc import Callable

from riskengine.domain.errors import ConfigurationError
from riskengine.scoring import series
from riskengine.scoring.event import LOG_STEPS
from riskengine.scoring.features.catalogue import Feature
from riskengine.scoring.features.code import Code
from riskengine.scoring.features.support import LEAST_STD_SHARE
from riskengine.scoring.money import MINOR
from riskengine.scoring.series import FIELDS
from riskengine.scoring.shared import WINDOW_MS


def _peer_mean(code: Code, feature: Feature) -> str:
    return f"peers.sum / (peers.count * {LOG_STEPS}) if peers.count >= {max(feature.least, 1)} else nan"


def _peer_spread(code: Code) -> str:
    """The standard deviation of the log amounts, in steps; see `aggregates` for the formula."""
    count, total = "peers.count", "peers.sum"
    variance = f"({count} * peers.squares - {total} * {total}) / ({count} * ({count} - 1))"
    return code.let("peer_spread", f"sqrt({variance}) if {count} >= 2 else nan")


def _peer_std(code: Code, feature: Feature) -> str:
    return f"{_peer_spread(code)} / {LOG_STEPS} if peers.count >= {max(feature.least, 2)} else nan"


def _peer_zscore(code: Code, feature: Feature) -> str:
    spread = _peer_spread(code)
    mean = code.let("peer_mean", "peers.sum / peers.count if peers.count else nan")
    score = f"(event.log - {mean}) / ({spread} or {LEAST_STD_SHARE} * {mean} or 1.0)"
    return f"{score} if peers.count >= {max(feature.least, 2)} and event.amount >= 0 else nan"


def _accounts(code: Code, feature: Feature) -> str:
    if feature.entity not in FIELDS or feature.filter or feature.per:
        raise ConfigurationError(
            f"feature {feature.name}: accounts are counted on a device, ip, beneficiary or merchant, all of them: "
            "leave out `filter` and `per`"
        )
    if feature.window_ms > WINDOW_MS:
        raise ConfigurationError(f"feature {feature.name}: accounts are remembered for 24h; choose a shorter window")
    key = code.let(f"key_{feature.entity}", f"shared.{feature.entity}(transaction)")
    return f"accounts(sets.get({key}), account_hash, now, {feature.window_ms}) if {key} else nan"


def _total(code: Code, feature: Feature) -> str:
    """The name under which the window's total is; it is None where it cannot be told."""
    if feature.entity not in FIELDS:
        raise ConfigurationError(f"feature {feature.name}: of peers there are peer_mean, peer_std and peer_zscore")
    one, field = series.of(feature), f"transaction.{FIELDS[feature.entity]}"
    found = f"series.get({one.key('')!r} + {field})"
    return code.once("total", f"total({found}, now, {one.grain}, {feature.window_ms}) if {field} else None")


def _count(code: Code, feature: Feature) -> str:
    name = _total(code, feature)
    return f"{name}.events if {name} else nan"


def _sum(code: Code, feature: Feature) -> str:
    _only_amounts(feature)
    name = _total(code, feature)
    return f"{name}.sum / {MINOR} if {name} else nan"


def _mean(code: Code, feature: Feature) -> str:
    _only_amounts(feature)
    name = _total(code, feature)
    known = f"({name}.events - {name}.unknown)"
    return f"{name}.sum / ({known} * {MINOR}) if {name} and {known} >= {max(feature.least, 1)} else nan"


def _flagged(code: Code, feature: Feature) -> str:
    """The share of transactions that were not approved."""
    name = _total(code, feature)
    return f"{name}.flagged / {name}.events if {name} and {name}.events >= {max(feature.least, 1)} else nan"


def _only_amounts(feature: Feature) -> None:
    if feature.of != "amount":
        raise KeyError(feature.of)


AGGREGATES: dict[str, Callable[[Code, Feature], str]] = {
    "peer_mean": _peer_mean,
    "peer_std": _peer_std,
    "peer_zscore": _peer_zscore,
    "accounts": _accounts,
    "count": _count,
    "sum": _sum,
    "mean": _mean,
    "flagged": _flagged,
}
