"""How dead letters are described in the OpenAPI document: examples, and bodies that handlers read themselves."""

from dataclasses import dataclass
from typing import Any

from litestar.openapi.spec import OpenAPIMediaType, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from riskengine.api.described import Described
from riskengine.pipeline.dead_letters import HIGHEST_RATE, LARGEST_MOST, LEAST_RATE, MOST_NAMED

_LETTER_ID = "019aa5d2-7e10-7c44-a2b6-5d0a94f7c3e1"
LETTER = {
    "letter_id": _LETTER_ID,
    "status": "open",
    "failed_at": "2025-11-21T14:03:14.512Z",
    "transaction_id": "019aa5d2-3f1c-7b3e-9d54-6f2f0c1a8e77",
    "account_id": "acct-1042",
    "retry_count": 3,
    "error": "cannot convert NaN to integer",
    "error_class": "ValueError",
    "fingerprint": "5f0c1de2a9b4",
    "changed_at": None,
    "changed_by": None,
    "note": "",
}
LETTERS = {"letters": [LETTER], "next_cursor": "AZql0n4QfESitl0KlPfD4Q"}
WHOLE_LETTER = {
    "letter": LETTER,
    "stack": '  File "riskengine/scoring/money.py", line 41, in cents\n',
    "worker": "worker-risk1-4711",
    "versions": {"riskengine": "0.1.0", "ruleset": 1, "catalogue": 1, "rates": 1, "lists": 1, "model": None},
    "stream": "transactions",
    "message_id": "1763733794498-0",
    "body": None,
}
CAUSES = {
    "causes": [
        {
            "fingerprint": LETTER["fingerprint"],
            "letters": 14,
            "open": 12,
            "first_seen": "2025-11-21T13:58:02.118Z",
            "last_seen": LETTER["failed_at"],
            "error_class": LETTER["error_class"],
            "error": LETTER["error"],
            "sample": _LETTER_ID,
        }
    ]
}
REPLAY_PAYLOAD = {"fingerprint": LETTER["fingerprint"], "rate": 50, "note": "corrected with 0.1.1"}
REPLAYED = {"transactions": 12, "messages": 0, "left_alone": [], "more": False}
DISCARD_PAYLOAD = {"letter_ids": [_LETTER_ID], "note": "a test of ours"}
DISCARDED = {
    "letters": 0,
    "left_alone": [{"letter_id": _LETTER_ID, "why": "its transaction is decided"}],
    "more": False,
}

_TEXT = Schema(type=OpenAPIType.STRING)
_ID = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.UUID)
_TIME = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME)
_WHICH: dict[str, Any] = {
    "letter_ids": Schema(type=OpenAPIType.ARRAY, items=_ID, min_items=1, max_items=MOST_NAMED),
    "fingerprint": _TEXT,
    "error_class": _TEXT,
    "account_id": _TEXT,
    "from": _TIME,
    "to": _TIME,
    "all": Schema(type=OpenAPIType.BOOLEAN),
    "limit": Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=LARGEST_MOST),
    "note": _TEXT,
}
_RATE = Schema(type=OpenAPIType.NUMBER, minimum=LEAST_RATE, maximum=HIGHEST_RATE)


def _body(example: object, required: list[str], **properties: Any) -> RequestBody:
    schema = Schema(type=OpenAPIType.OBJECT, required=required or None, properties=properties)
    content = {"application/json": OpenAPIMediaType(schema=schema, example=example)}
    return RequestBody(content=content, required=True)


@dataclass
class TakesReplay(Described):
    """An operation that takes letters to be replayed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = _body(REPLAY_PAYLOAD, [], **_WHICH, rate=_RATE)


@dataclass
class TakesDiscard(Described):
    """An operation that takes letters to be discarded."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = _body(DISCARD_PAYLOAD, ["note"], **_WHICH)
