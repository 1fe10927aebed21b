"""What a rule's expression may speak of: features, scores, and fields of transaction and account."""

import re
from collections.abc import Mapping

from riskengine.scoring.features.catalogue import FLAG, Catalogue, Feature
from riskengine.scoring.rules.name import Name
from riskengine.scoring.rules.tree import Kind

BEHAVIOUR_SCORE = "behaviour_score"
MODEL_SCORE = "model_score"

OF_ACCOUNT = frozenset({"account_type", "account_status", "home_country"})
"""The names that are attributes of the account, which may change."""

_WRITABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)

_FIELDS = {
    "amount": Name(Kind.NUMBER, "float(transaction.amount)"),
    "currency": Name(Kind.TEXT, "transaction.currency"),
    "merchant": Name(Kind.TEXT, "transaction.merchant"),
    "merchant_category": Name(Kind.TEXT, "transaction.merchant_category"),
    "location": Name(Kind.TEXT, "transaction.location"),
    "country": Name(Kind.TEXT, "transaction.country"),
    "channel": Name(Kind.TEXT, "transaction.channel"),
    "device_id": Name(Kind.TEXT, "transaction.device_id"),
    "ip": Name(Kind.TEXT, "transaction.ip"),
    "beneficiary": Name(Kind.TEXT, "transaction.beneficiary"),
    "card_bin": Name(Kind.TEXT, "transaction.card_bin"),
    "account_id": Name(Kind.TEXT, "account.account_id"),
    "account_type": Name(Kind.TEXT, "account.type"),
    "account_status": Name(Kind.TEXT, "account.status"),
    "home_country": Name(Kind.TEXT, "account.home_country"),
    BEHAVIOUR_SCORE: Name(Kind.NUMBER, BEHAVIOUR_SCORE),
    MODEL_SCORE: Name(Kind.NUMBER, MODEL_SCORE),
}


def of(catalogue: Catalogue) -> Mapping[str, Name]:
    """All names that rules over this catalogue may use. A field hides a feature of the same name."""
    known: dict[str, Name] = {}
    calls: set[str] = set()
    for place, feature in enumerate(catalogue.features):
        if _WRITABLE.fullmatch(feature.name):
            call = _call(feature)
            known[feature.name] = Name(
                Kind.NUMBER, f"values[{place}]", feature.unit == FLAG, "" if call in calls else call
            )
            calls.add(call)
    return known | _FIELDS


def _call(feature: Feature) -> str:
    """How the feature may be written as a call; of several such features, the first is meant."""
    if feature.aggregate == "distance":
        return "distance_km(last_location, location)"
    is_own = feature.aggregate == "own" and feature.of in {"hour", "weekday"}
    return f"{feature.of}()" if is_own else ""
