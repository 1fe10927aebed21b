"""What is sent to lists and snoozes: bounded, and read."""

import io
from datetime import datetime
from typing import Annotated, Any, cast

import msgspec
from litestar import Request
from msgspec import Meta

from riskengine.api import bodies, payloads
from riskengine.api.answers import Receive
from riskengine.api.bodies import content_type, read
from riskengine.api.errors import Unsupported
from riskengine.domain import clock, shape
from riskengine.domain.errors import FieldError, InvalidInput
from riskengine.domain.listing import EFFECTS, ENTITY_FIELDS, FIELD_OF_KIND, KINDS, Effect, Kind, ListDefinition, Snooze
from riskengine.domain.shape import Shape
from riskengine.pipeline.curation_checks import NewEntry

LARGEST_BODY = 1 << 20
"""Bytes of a list, of entries, of a snooze."""

LARGEST_FILE = bodies.LARGEST
"""Bytes of a file of entries: well over a million of them."""

FILE_PATIENCE = 120.0
"""Seconds that a file may take to arrive."""

MOST_ENTRIES = 1_000
"""Entries in one request; more of them come as a file."""

CSV = b"text/csv"

_Time = Annotated[datetime, Meta(tz=True, description="when: RFC 3339 with an offset, such as 2026-01-31T12:00:00Z")]


class ListPayload(msgspec.Struct, frozen=True):
    """A list to be made."""

    name: Annotated[str, Meta(description="its name: 1 to 63 of a-z, 0-9 and _, beginning with a letter")]
    kind: Annotated[Kind, Meta(description=f"what its values are: one of {', '.join(KINDS)}")]
    effect: Annotated[Effect, Meta(description=f"what follows by itself: one of {', '.join(EFFECTS)}")] = "none"
    field: Annotated[str, Meta(description="the field it looks at: a field's name; only for a list of texts")] = ""
    description: Annotated[str, Meta(description="what it is for: text of at most 500 characters")] = ""

    @property
    def definition(self) -> ListDefinition:
        """The list that is meant; all but texts have one field that they can look at."""
        field = self.field or FIELD_OF_KIND.get(self.kind, "")
        return ListDefinition(self.name, self.kind, self.effect, field, self.description)


class EntryPayload(msgspec.Struct, frozen=True):
    """An entry to be added."""

    value: Annotated[str, Meta(description="what is to be on the list: text")]
    expires_at: _Time | None = None
    note: Annotated[str, Meta(description="why: text of at most 500 characters")] = ""

    @property
    def entry(self) -> NewEntry:
        """The entry that is meant."""
        return NewEntry(self.value, None if self.expires_at is None else clock.to_ms(self.expires_at), self.note)


class SnoozePayload(msgspec.Struct, frozen=True):
    """A rule to be silenced for an entity."""

    rule_id: Annotated[str, Meta(description="the rule: a rule's id")]
    field: Annotated[str, Meta(description=f"the field that tells the entity: one of {', '.join(ENTITY_FIELDS)}")]
    value: Annotated[str, Meta(description="the entity: text")]
    until: _Time
    note: Annotated[str, Meta(description="why: text of at most 500 characters")] = ""

    @property
    def snooze(self) -> Snooze:
        """The snooze that is meant."""
        return Snooze(self.rule_id, self.field, self.value, clock.to_ms(self.until))


_LIST, _ENTRY, _SNOOZE = Shape(ListPayload), Shape(EntryPayload), Shape(SnoozePayload)


async def new_list(request: Request[Any, Any, Any]) -> ListPayload:
    """A list to be made. Raises what bodies raise, Malformed and InvalidInput."""
    return payloads.right(_LIST, ListPayload, await payloads.json_of(request, LARGEST_BODY))


async def new_snooze(request: Request[Any, Any, Any]) -> SnoozePayload:
    """A snooze. Raises what bodies raise, Malformed and InvalidInput."""
    return payloads.right(_SNOOZE, SnoozePayload, await payloads.json_of(request, LARGEST_BODY))


async def new_entries(request: Request[Any, Any, Any]) -> list[NewEntry]:
    """Entries to be added. Raises what bodies raise, Malformed, and InvalidInput that names every fault of each."""
    value = await payloads.json_of(request, LARGEST_BODY)
    items = value.get("entries") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(items, list) or not 0 < len(items) <= MOST_ENTRIES:
        raise InvalidInput(
            (FieldError("entries", f"must be an array of 1 to {MOST_ENTRIES} entries, and all there is"),)
        )
    faults: list[FieldError] = []
    found = []
    for place, item in enumerate(items):
        reading = _ENTRY.read(item)
        faults += shape.within(f"entries[{place}]", reading.faults)
        if not reading.faults:
            found.append(EntryPayload(**reading.right).entry)
    if faults:
        raise InvalidInput(tuple(faults))
    return found


async def file(request: Request[Any, Any, Any]) -> io.BytesIO:
    """A file of entries. Raises what bodies raise."""
    headers = dict(request.scope["headers"])
    if content_type(headers) != CSV:
        raise Unsupported("send the file as it is, with Content-Type: text/csv")
    return io.BytesIO(await read(headers, cast(Receive, request.receive), LARGEST_FILE, FILE_PATIENCE))
