"""The examples in the API's documentation."""

from litestar.openapi.spec import Example

_TRANSACTION_ID = "019aa5d2-3f1c-7b3e-9d54-6f2f0c1a8e77"

PAYMENT = {
    "account_id": "acct-1042",
    "amount": "249.90",
    "currency": "EUR",
    "merchant": "Fnac",
    "merchant_category": "5732",
    "location": "Brussels",
    "latitude": 50.8503,
    "longitude": 4.3517,
    "country": "BE",
    "channel": "online",
    "device_id": "d-7f21",
    "ip": "192.0.2.17",
    "card_bin": "535456",
    "occurred_at": "2025-11-21T14:03:07.250Z",
    "metadata": {"basket": 3},
    "idempotency_key": "order-88231",
}

ACCEPTED = {
    "transaction_id": _TRANSACTION_ID,
    "status": "pending",
    "idempotency_key": "order-88231",
    "created_at": "2025-11-21T14:03:07.292Z",
}

DECISION = {
    "transaction_id": _TRANSACTION_ID,
    "account_id": "acct-1042",
    "score": 27.4,
    "level": "medium",
    "outcome": "approve",
    "status": "processed",
    "summary": "Approved with a score of 27.4 (medium): The device is new to the account, and the amount is above 500 "
    "(rules 25, behaviour 31).",
    "parts": {
        "rules": 25.0,
        "behaviour": 30.85,
        "model": None,
        "weights": {"rules": 0.59, "behaviour": 0.41, "model": 0.0},
    },
    "reasons": [
        {
            "code": "RULE_RAPID_DEVICE_SWITCH",
            "description": "The device is new to the account, and the amount is above 500",
            "impact": 25.0,
            "values": {"is_new_device": 1.0, "amount_base": 549.9},
        }
    ],
    "versions": {"ruleset": 1, "catalogue": 1, "rates": 1, "model": None},
    "decided_at": "2025-11-21T14:03:07.301Z",
}

TRANSACTION = {
    **PAYMENT,
    "transaction_id": _TRANSACTION_ID,
    "status": "processed",
    "created_at": ACCEPTED["created_at"],
    "beneficiary": None,
    "outcome": "approve",
    "score": 27.4,
    "level": "medium",
}

PAGE = {"transactions": [TRANSACTION], "next_cursor": "AZql0j8ce36dVG8vDBqOdw"}

BATCH = {"transactions": [PAYMENT, {"account_id": "acct-7", "amount": 12, "currency": "JPY"}]}

BATCH_ACCEPTED = {"transactions": [ACCEPTED]}

ACCOUNT_PAYLOAD = {
    "type": "retail",
    "status": "active",
    "home_country": "BE",
    "time_zone": "Europe/Brussels",
    "opened_at": "2019-04-01T00:00:00Z",
}

ACCOUNT = {"account_id": "acct-1042", **ACCOUNT_PAYLOAD, "opened_at": "2019-04-01T00:00:00.000Z"}

READY = {"status": "ready", "failing": []}
NOT_READY = {"status": "not ready", "failing": ["redis"]}
LIVE = {"status": "live"}
METRICS = 'riskengine_accepted_total{by="single"} 1042.0'


def of(value: object) -> list[Example]:
    """One example, as OpenAPI wants it."""
    return [Example(summary="Example", value=value)]
