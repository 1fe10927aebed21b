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
    "shadow_rules": [],
    "degraded": [],
    "exchange_rate": {"currency": "EUR", "base": "EUR", "rate": "1", "as_of": "2025-11-20"},
    "versions": {"ruleset": 1, "catalogue": 1, "rates": 1, "lists": 1, "model": None},
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

READY = {
    "status": "ready",
    "failing": [],
    "breakers": {"postgresql": "closed", "redis": "closed", "model": "closed"},
}
NOT_READY = {"status": "not ready", "failing": ["redis"], "breakers": {"postgresql": "closed", "redis": "open"}}
LIVE = {"status": "live"}
METRICS = 'riskengine_accepted_total{by="single"} 1042.0'

RULES = """\
version: 1
weights: {rules: 0.5, behaviour: 0.35, model: 0.15}
weights_without_model: {rules: 0.59, behaviour: 0.41}
thresholds: {medium: 25, high: 50, critical: 70}
rules:
  - id: RULE_NIGHT_PAYMENT
    name: Night payment
    description: Above 1 000 in the base currency, between 00:00 and 05:00
    expression: hour < 5 and amount_base > 1_000
    impact: 20
    level: medium
"""
BUNDLE = "the bytes of a bundle"
DRAFT_PAYLOAD = {"content": RULES, "note": "payments at night", "base": 1}
PUBLISH_PAYLOAD = {"note": "payments at night"}
ROLLBACK_PAYLOAD = {"to": 1, "note": "too many alerts"}

DRAFT = {
    "draft_id": "019aa5e1-77c0-7d20-b3a4-0f6e2c9d1b55",
    "kind": "ruleset",
    "base": 1,
    "state": "checked",
    "created_by": "ann (4f1c09d2ab37)",
    "created_at": "2025-11-21T14:20:31.104Z",
    "note": "payments at night",
    "checked_at": "2025-11-21T14:20:33.871Z",
    "approved_by": None,
    "approved_at": None,
    "version": None,
}
DRAFTS = {"drafts": [DRAFT]}
RELEASE = {
    "kind": "ruleset",
    "version": 2,
    "runs": True,
    "created_by": DRAFT["created_by"],
    "approved_by": "bob (90be17c2d4e6)",
    "note": DRAFT["note"],
    "published_at": "2025-11-21T14:31:02.448Z",
}
RELEASES = {"releases": [RELEASE]}
_CONTENT = {
    "text": RULES,
    "size": len(RULES),
    "sha256": "5b0b6b63d6f0ff2a4f2c0e4b0c9a5d1e7a3f8846d2c1b0a99e8f7d6c5b4a3921",
}
WHOLE_RELEASE = {"release": RELEASE, "content": _CONTENT}
WHOLE_DRAFT = {"draft": DRAFT, "content": _CONTENT}
PUBLICATION = {
    "generation": 7,
    "kind": "ruleset",
    "version": 2,
    "previous": 1,
    "action": "publish",
    "published_by": DRAFT["created_by"],
    "note": DRAFT["note"],
    "published_at": RELEASE["published_at"],
}
HISTORY = {"publications": [PUBLICATION]}
_RUNNING = {"ruleset": 2, "catalogue": 1, "rates": 1, "lists": 3, "model": None}
RUNNING = {
    "generation": 7,
    "versions": _RUNNING,
    "processes": [
        {
            "process_id": "worker-risk1-4711",
            "role": "worker",
            "generation": 7,
            "versions": _RUNNING,
            "current": True,
            "problem": None,
            "started_at": "2025-11-20T08:00:12.000Z",
            "seen_at": "2025-11-21T14:31:02.655Z",
        }
    ],
}

WORKERS = {
    "workers": [
        {
            "process_id": "worker-risk1-4711",
            "started_at": "2025-11-20T08:00:12.000Z",
            "seen_at": "2025-11-21T14:31:02.655Z",
            "versions": _RUNNING,
            "problem": None,
            "rate": 812.4,
            "pending": 200,
        }
    ],
    "queue": {
        "depth": 263,
        "lag_s": 0.087,
        "left_behind": 0,
        "partitions": [
            {"stream": "transactions:{0}", "depth": 131, "lag_s": 0.087},
            {"stream": "transactions:{1}", "depth": 132, "lag_s": 0.081},
        ],
    },
}


def of(value: object) -> list[Example]:
    """One example, as OpenAPI wants it."""
    return [Example(summary="Example", value=value)]
