"""How lists and snoozes are described in the OpenAPI document: examples, and bodies that handlers read themselves."""

from dataclasses import dataclass
from typing import Any

from litestar.openapi.spec import OpenAPIMediaType, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from riskengine.api.described import Described
from riskengine.api.list_bodies import MOST_ENTRIES
from riskengine.domain.listing import EFFECTS, ENTITY_FIELDS, KINDS, TEXT_FIELDS

LIST_PAYLOAD = {
    "name": "bad_networks",
    "kind": "network",
    "effect": "watch",
    "description": "Where attacks came from",
}
LIST = {**LIST_PAYLOAD, "field": "ip", "entries": 1204, "expired": 3}
LISTS = {"lists": [LIST]}
_ENTRY = {"value": "203.0.113.0/24", "expires_at": "2099-03-31T00:00:00.000Z", "note": "case 1147"}
ENTRIES_PAYLOAD = {"entries": [_ENTRY, {"value": "2001:db8::17"}]}
ENTRIES = {
    "entries": [{**_ENTRY, "added_by": "ann (4f1c09d2ab37)", "added_at": "2025-11-21T14:20:31.104Z"}],
    "next_cursor": "MjAzLjAuMTEzLjAvMjQ",
}
FILE = "value,expires_at,note\n203.0.113.0/24,2099-03-31T00:00:00Z,case 1147\n2001:db8::17,,\n"
SNOOZE_PAYLOAD = {
    "rule_id": "RULE_SPIKE_ANOMALY",
    "field": "account_id",
    "value": "acct-1042",
    "until": "2099-12-31T00:00:00.000Z",
    "note": "buys a house",
}
SNOOZES = {
    "snoozes": [{**SNOOZE_PAYLOAD, "added_by": "ann (4f1c09d2ab37)", "added_at": "2025-11-21T14:20:31.104Z"}],
}
CHANGED = {"version": 12, "added": 2, "removed": 0}

_TEXT = Schema(type=OpenAPIType.STRING)
_TIME = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME)


def _object(required: list[str], **properties: Any) -> Schema:
    return Schema(type=OpenAPIType.OBJECT, required=required, properties=properties)


def _one_of(values: tuple[str, ...]) -> Schema:
    return Schema(type=OpenAPIType.STRING, enum=list(values))


def _body(schema: Schema, example: object, media_type: str = "application/json") -> RequestBody:
    return RequestBody(content={media_type: OpenAPIMediaType(schema=schema, example=example)}, required=True)


@dataclass
class TakesList(Described):
    """An operation that takes a list to be made."""

    def __post_init__(self) -> None:
        super().__post_init__()
        kinds, effects, fields = _one_of(KINDS), _one_of(EFFECTS), _one_of(TEXT_FIELDS)
        schema = _object(["name", "kind"], name=_TEXT, kind=kinds, effect=effects, field=fields, description=_TEXT)
        self.request_body = _body(schema, LIST_PAYLOAD)


@dataclass
class TakesEntries(Described):
    """An operation that takes entries."""

    def __post_init__(self) -> None:
        super().__post_init__()
        entry = _object(["value"], value=_TEXT, expires_at=_TIME, note=_TEXT)
        items = Schema(type=OpenAPIType.ARRAY, items=entry, min_items=1, max_items=MOST_ENTRIES)
        self.request_body = _body(_object(["entries"], entries=items), ENTRIES_PAYLOAD)


@dataclass
class TakesFile(Described):
    """An operation that takes a file of entries."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = _body(_TEXT, FILE, "text/csv")


@dataclass
class TakesSnooze(Described):
    """An operation that takes a snooze."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields = _one_of(ENTITY_FIELDS)
        schema = _object(
            ["rule_id", "field", "value", "until"], rule_id=_TEXT, field=fields, value=_TEXT, until=_TIME, note=_TEXT
        )
        self.request_body = _body(schema, SNOOZE_PAYLOAD)
