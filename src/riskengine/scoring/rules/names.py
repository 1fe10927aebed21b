"""What a rule's expression may speak of: the features, the behaviour score, and fields of transaction and account."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from riskengine.scoring.features.catalogue import Catalogue

BEHAVIOUR_SCORE = "behaviour_score"


class Kind(StrEnum):
    """What a value is. Numbers are missing as NaN, texts as None; a truth is never missing."""

    NUMBER = "number"
    TEXT = "text"
    TRUTH = "truth"


class Name(msgspec.Struct, frozen=True):
    """A name: what it stands for, and how the compiled rules read it."""

    kind: Kind
    read: str


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
    "account_id": Name(Kind.TEXT, "account.account_id"),
    "account_type": Name(Kind.TEXT, "account.type"),
    "account_status": Name(Kind.TEXT, "account.status"),
    "home_country": Name(Kind.TEXT, "account.home_country"),
    BEHAVIOUR_SCORE: Name(Kind.NUMBER, BEHAVIOUR_SCORE),
}


def of(catalogue: Catalogue) -> Mapping[str, Name]:
    """All names that rules over this catalogue may use."""
    features = {name: Name(Kind.NUMBER, f"values[{place}]") for place, name in enumerate(catalogue.names)}
    return {**features, **_FIELDS}
