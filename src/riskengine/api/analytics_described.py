"""Examples of what the API says of days and accounts."""

from riskengine.api import examples

_DAY = {
    "date": "2025-11-21",
    "count": 4200,
    "outcomes": {"approve": 4011, "review": 142, "decline": 47},
    "levels": {"low": 3702, "medium": 309, "high": 142, "critical": 47},
    "amounts": {"EUR": "311842.19", "JPY": "982000"},
    "approval_rate": 0.955,
    "mean_score": 11.4062,
}
_AS_OF = "2025-11-21T14:03:09.512Z"
_SPAN = {"from": "2025-11-15", "to": "2025-11-21", "as_of": _AS_OF}

SUMMARY = {
    "as_of": _AS_OF,
    "day": _DAY,
    "before": {**_DAY, "date": "2025-11-20", "count": 4100, "approval_rate": 0.9571, "mean_score": 11.3011},
    "change": {"count": 100, "approval_rate": -0.0021, "mean_score": 0.1051},
}
DISTRIBUTION = {
    **_SPAN,
    "count": 4200,
    "buckets": [{"from": 0, "to": 5, "count": 1822}, {"from": 5, "to": 10, "count": 2378}],
    "levels": _DAY["levels"],
    "outcomes": _DAY["outcomes"],
}
VOLUME = {
    **_SPAN,
    "by": "day",
    "points": [{"start": "2025-11-21T00:00:00.000Z", "currency": "EUR", "count": 4180, "amount": "311842.19"}],
}
TOP_RULES = {
    **_SPAN,
    "decisions": 4200,
    "rules": [
        {
            "rule": "RULE_CROSS_BORDER",
            "fired": 310,
            "share": 0.07381,
            "outcomes": {"approve": 251, "review": 48, "decline": 11},
            "shadow": 0,
        }
    ],
}

_WINDOW = {
    "count": 3,
    "amounts": {"EUR": "287.40"},
    "outcomes": {"approve": 3},
    "mean_score": 10.25,
    "highest_score": 14.5,
}
PROFILE = {
    **examples.ACCOUNT,
    "as_of": _AS_OF,
    "decisions": 512,
    "first_activity": "2024-02-03T09:12:44.018Z",
    "last_activity": "2025-11-21T14:03:07.292Z",
    "complete": True,
    "windows": {"24h": _WINDOW, "7d": _WINDOW, "30d": _WINDOW},
    "merchants": [{"value": "Fnac", "count": 3}],
    "countries": [{"value": "BE", "count": 3}],
    "devices": [{"value": "d-7f21", "count": 2}],
}
